"""Settings: all that decides a training run, with a name for each choice and a check of it.

Knows no model but its options' names; stands on tasks.
"""

import dataclasses
import difflib
import functools
import itertools
import operator
import re
from dataclasses import dataclass

import numpy as np

from helpers.bugs import BUGS
from helpers.positions import POSITIONS
from helpers.shapes import require, require_choice
from helpers.tasks import require_task
from helpers.transformer import TIED, WIRES

CHOICES = {
    "model": (
        "recurrent",
        "transformer",
        "decoder_only",
        "recurrent_only",
        "last_state",
        "look_up",
        "look_ups",
        "one_layer",
        "tagger",
    ),
    "positions": POSITIONS,
    "norm": ("pre", "post", "none"),
    "residual": (True, False, "encoder", "decoder"),
    "score": ("dot", "scaled_dot", "general", "additive", "location"),
    "encoder": ("gru", "rnn", "lstm", "bidirectional", "self_attention", "words"),
    "attention": ("after", "inside"),
    "summary": (None, "last", "mean"),
    "mask": ("causal", "prefix"),
    "projections": tuple(TIED),
}
RATES = {
    "recurrent": 8e-3,
    "transformer": 4e-3,
    "decoder_only": 4e-3,
    "recurrent_only": 8e-3,
    "look_up": 3e-3,
    "last_state": 8e-3,
    "look_ups": 8e-3,
    "tagger": 4e-3,
    "one_layer": 8e-3,
}
# What a number must be, in words and as a test.
_LIMITS = {
    **dict.fromkeys(
        ("width", "heads", "layers", "batch", "steps"), ("at least 1", lambda n: n >= 1)
    ),
    **dict.fromkeys(
        ("warmup", "seed", "width_head", "hidden", "window", "key_heads"),
        ("at least 0", lambda n: n >= 0),
    ),
    **dict.fromkeys(
        ("rate", "clip", "start_length", "gain"),
        ("above 0 and finite", lambda n: 0 < n < float("inf")),
    ),
    "dropout": ("at least 0 and below 1", lambda n: 0 <= n < 1),
    "smoothing": ("at least 0 and at most 1", lambda n: 0 <= n <= 1),
}
# Two small models, and the tasks that are for them alone.
_WORD_BY_WORD = r"letters_back\d+|latest_capital"
_OWN_TASKS = {
    "look_up": ("phone_book",),
    "look_ups": ("phone_book1", "phone_book2", "phone_book3", "phone_book_hundred2"),
    "one_layer": ("row", "round_table", "twins"),
}
# Options of some models only; the others' must stand at their defaults.
_STACK = ("heads", "layers", "positions", "norm", "residual", "dropout")
_TWO_STACKS = ("shared_projections", "summary", "wires")
_LOOK_UP = ("start_length", "from_zero")
_LAST_STATE = ("gain", "gate_bias")
_LOOK_UPS = ("heads", "start_length", "width_head", "hidden")
_OPTIONS = (
    *_STACK,
    *_TWO_STACKS,
    *_LOOK_UP,
    *_LAST_STATE,
    *_LOOK_UPS[2:],
    *(
        "encoder",
        "attention",
        "attend",
        "score",
        "mask",
        "source_loss",
        "projections",
        "window",
        "softmax",
        "key_heads",
    ),
)


@dataclass(frozen=True, kw_only=True, repr=False)
class Settings:
    """All that decides a training run: two runs with equal settings are the same run.

    It cannot be changed; `but` makes another one. An unknown name is an error that says the
    nearest known one, and so is a value that means nothing, or an option that the chosen model
    does not have, unless it stands at its default: nothing is ignored. A field that is added
    later must have a default under which old runs stay what they were.

    Parameters
    ----------
    task : str
        Name of a task, see `tasks.make_task`.
    model : str
        A recurrent encoder-decoder (``recurrent``); a Transformer with encoder and decoder
        (``transformer``); or one stack, of a Transformer's blocks (``decoder_only``) or of
        recurrent layers (``recurrent_only``), that reads source and target end to end. Of
        these two, where the vocabularies are the same, a token is the same in both. Or the
        smallest model that attends, one look-up, for the task ``phone_book`` alone (``look_up``);
        or several at once, by heads, for the same task with a number behind it (``look_ups``, see
        `start.init_look_ups`); or one layer of self-attention with one head, for the tasks on cards
        (``one_layer``); or an encoder without a decoder, which says a word at each place of the
        source (``tagger``); or a recurrent layer that reads, and a linear map from its last state
        to each place of the target, see `recurrent.last_state_only`: for the tasks
        ``keep_letters`` and ``keep_pairs`` (``last_state``).
    width : int
        Numbers in a state, or in a position's vector.
    heads : int
        Attentions side by side, in Transformers, decoder-only models, self-attention encoders
        and several look-ups.
    layers : int
        Blocks of a stack (of the encoder and as many of the decoder), in the same models; layers
        of a recurrent-only one.
    positions : {"sinusoidal", "learned", "rotary", "alibi", "none"}
        How these tell the order of tokens, see `positions`.
    norm : {"pre", "post", "none"}
        Where layer norm stands in the blocks of a Transformer or decoder-only model.
    residual : {True, False, "encoder", "decoder"}
        Whether each part of these blocks adds to its input, or takes its place; of a Transformer
        also the one side alone in which parts add.
    score : {"dot", "scaled_dot", "general", "additive", "location"}
        How a recurrent decoder that attends after its steps compares query and key; by location
        it chooses one of the first 128 places instead, whatever stands there. Of a look-up too.
    start_length : float
        How long the vectors of a look-up's queries and keys are, before training; of several
        look-ups, all vectors.
    from_zero : bool
        Whether the matrix of its general scores starts at 0, so that all weights start equal.
    encoder : {"gru", "rnn", "lstm", "bidirectional", "self_attention", "words"}
        Of a recurrent model; ``words`` is no encoder: each word's own vector, in no order. In a
        recurrent-only one, or one that answers from its last state, the cell, one of the first
        three; of a tagger.
    attention : {"after", "inside"}
        Whether its decoder attends after its steps (Luong), or before each (Bahdanau).
    attend : bool
        Whether it attends to all encoder outputs, or has one summary vector.
    summary : {"last", "mean"}, optional
        What that vector is, see `seq2seq.encode`; if not given, the encoder's own last state. Of a
        Transformer, whose decoder then has one vector to ask; if not given, it asks them all.
    dropout : float
        Share of numbers that is set to 0 while training.
    smoothing : float
        Share of each target's probability that is spread over all words, see `cross_entropy`.
    gain : float
        Of a model that answers from its last state: before training, its recurrent matrices are
        orthogonal, times this.
    gate_bias : float
        And this is added to the bias of the gate that keeps the state: the update gate of a GRU,
        the forget gate of an LSTM, whose bias is 1 already.
    width_head : int
        Numbers in a query, key and value of each of several look-ups; 0: width / heads.
    hidden : int
        Numbers in the network that reads their results; 0: no network, a linear map.
    mask : {"causal", "prefix"}
        Whether the source of a decoder-only model is read from left to right as well, or each of
        its tokens sees all of it. (With one layer, it cannot matter: what the tokens of the source
        see reaches the target from the second block on.) Of a
        tagger with self-attention the same, and its source is all there is.
    window : int
        So many of the newest positions a position of a decoder-only model sees, itself among
        them; 0: all.
    key_heads : int
        Its heads of keys and values, which divide its heads of queries; 0: as many.
    softmax : bool
        Whether its weights are a softmax of scores; or else those of linear attention, whose
        scores know no distance, so that its positions must be added to the embeddings.
    source_loss : bool
        Whether a decoder-only model learns to predict the tokens of the source as well, each from
        those before it. (In a prefix it could see them.)
    shared_projections : bool
        Whether all attentions of a Transformer, in both stacks, have one set of projections.
    wires : str
        Where the two attentions of a Transformer's decoder get queries, keys and values, three
        letters each: "t" is the target so far, "s" the source; or "none", for an attention that
        adds nothing. See `transformer.rewired_block`.
    projections : {"three matrices", "queries = keys", "one for all"}
        How many a single layer has for its queries, keys and values.
    batch : int
        Pairs in a batch.
    reversed_source : bool
        Whether sources are read backwards.
    shifted : bool
        Whether a decoder reads, in training, the words before the one that it is asked for; if
        not, by mistake, that word itself. See `tasks.unshifted`.
    steps : int
        Batches to train on.
    rate : float
        Highest learning rate. If not given, 0.008 for recurrent models, several look-ups and one
        layer, 0.003 for a single look-up, else 0.004.
    warmup : int
        Steps in which the rate rises to it.
    clip : float
        Longest gradient; a longer one is shortened.
    bug : str
        Of the gallery: it stands in the right function's place, in training and after it, see
        `bugs.planted`; "" for none.
    seed : int
        Decides the start of the parameters, the batches, and what is dropped out.

    Raises
    ------
    TypeError
        If a name is unknown, or a value of the wrong type.
    ValueError
        If a value means nothing, or belongs to another model.

    Examples
    --------
    >>> chosen = Settings(task="reversal", width=32)
    >>> chosen.rate, chosen.but(seed=7)
    (0.008, Settings(task='reversal', width=32, seed=7))
    >>> Settings(task="reversal", widht=64)
    Traceback (most recent call last):
    TypeError: Settings has no 'widht'; did you mean 'width'?
    >>> Settings(task="reversal", norm="post")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: norm = 'post' has no meaning for ...
    """

    task: str
    model: str = "recurrent"
    width: int = 64
    heads: int = 4
    layers: int = 1
    positions: str = "sinusoidal"
    norm: str = "pre"
    residual: bool | str = True
    score: str = "dot"
    encoder: str = "gru"
    attention: str = "after"
    attend: bool = False
    summary: str | None = None
    dropout: float = 0.0
    smoothing: float = 0.0
    start_length: float = 1.0
    from_zero: bool = False
    gain: float = 1.0
    gate_bias: float = 0.0
    width_head: int = 0
    hidden: int = 128
    mask: str = "causal"
    window: int = 0
    softmax: bool = True
    key_heads: int = 0
    source_loss: bool = False
    shared_projections: bool = False
    wires: str = WIRES
    projections: str = "three matrices"
    batch: int = 32
    reversed_source: bool = False
    shifted: bool = True
    steps: int = 3000
    rate: float | None = None
    warmup: int = 100
    clip: float = 1.0
    bug: str = ""
    seed: int = 0

    def __new__(cls, **chosen):
        """Refuse unknown names before the fields are set."""
        for name in chosen:
            require_name(name)
        return super().__new__(cls)

    def __post_init__(self):
        require_choice("model", self.model, CHOICES["model"])
        if self.rate is None:
            object.__setattr__(self, "rate", RATES[self.model])
        for field in _fields(type(self)):
            value = _typed(field.name, getattr(self, field.name), field.type)
            object.__setattr__(self, field.name, value)
            if field.name in CHOICES:
                require_choice(field.name, value, CHOICES[field.name])
            if field.name in _LIMITS:
                text, fits = _LIMITS[field.name]
                require(fits(value), f"{field.name} = {value} must be {text}")
        require(
            re.fullmatch("([ts]{3}|none) ([ts]{3}|none)", self.wires),
            f"wires = {self.wires!r} must be three of the letters t and s, or none, for each of "
            f"two attentions, as in {WIRES!r}",
        )
        require_choice("bug", self.bug, ("", *BUGS))
        require_task(self.task)
        require(np.isfinite(self.gate_bias), f"gate_bias = {self.gate_bias} must be finite")
        self._require_own_task()
        self._require_own_options()
        require(
            self.softmax or self.positions not in ("rotary", "alibi"),
            f"softmax = False does not go with positions = {self.positions!r}: the scores of "
            "linear attention know no distance",
        )
        if self.model in ("recurrent_only", "last_state"):
            require_choice("encoder", self.encoder, CHOICES["encoder"][:3])
        require(
            not self.key_heads or self.heads % self.key_heads == 0,
            f"key_heads = {self.key_heads} must divide heads = {self.heads}",
        )
        if self.model != "transformer":
            require_choice("residual", self.residual, CHOICES["residual"][:2])

    def __repr__(self):
        shown = ", ".join(f"{name}={value!r}" for name, value in self.chosen().items())
        return f"Settings({shown})"

    def chosen(self):
        """Return what does not stand at its default, by name."""
        defaults = _defaults(type(self), self.model)
        values = {field.name: getattr(self, field.name) for field in _fields(type(self))}
        return {name: value for name, value in values.items() if value != defaults.get(name)}

    def but(self, **changes):
        """Return other settings, with these changes; a rate not chosen follows the model."""
        return Settings(**{**self.chosen(), **changes})

    def differing(self, other):
        """Return the names of the fields in which it differs from other settings."""
        names = [field.name for field in _fields(type(self))]
        return [name for name in names if getattr(self, name) != getattr(other, name)]

    def _require_own_task(self):
        """Raise unless the task is one that the model can learn."""
        for model, fitting in _OWN_TASKS.items():
            require(
                (self.model == model) == (self.task in fitting),
                f"model = {self.model!r} does not go with task = {self.task!r}: the model {model} "
                f"is for the task {' or '.join(fitting)}, and for no other",
            )
        require(
            self.shifted or self.model not in _OWN_TASKS,
            f"shifted = False has no meaning for model = {self.model!r}, which reads no target; "
            "leave it out",
        )
        require(
            self.model != "tagger" or re.fullmatch(_WORD_BY_WORD, self.task),
            f"model = 'tagger' does not go with task = {self.task!r}: it says a word at each place "
            "of the source, as letters_back3 and latest_capital ask",
        )
        require(
            self.model != "last_state" or self.task.startswith("keep_"),
            f"model = {self.model!r} does not go with task = {self.task!r}: it is for the tasks "
            "keep_letters and keep_pairs, whose targets are all of one length",
        )

    def _require_own_options(self):
        """Raise unless the options of other models stand at their defaults."""
        own, kind = _own_options(self)
        defaults = _defaults(type(self), self.model)
        for name in _OPTIONS:
            value = getattr(self, name)
            require(
                name in own or value == defaults[name],
                f"{name} = {value!r} has no meaning for {kind}; leave it out",
            )


@functools.cache
def _fields(kind):
    """Return the fields of `Settings`; a record of 500 runs asks for them thousands of times."""
    return dataclasses.fields(kind)


@functools.cache
def _defaults(kind, model):
    """Defaults of all fields of `Settings` that have one."""
    fields = {field.name: field.default for field in _fields(kind)}
    del fields["task"]
    return fields | {"rate": RATES[model]}


def _own_options(settings):
    """Options that the model has, and what it is called in an error."""
    if settings.model == "transformer":
        return (*_STACK, *_TWO_STACKS), "a Transformer"
    if settings.model == "decoder_only":
        # In the only block, the target looks at sources that have not looked anywhere yet.
        own = _STACK if settings.layers == 1 else (*_STACK, "mask")
        own = (*own, "window", "softmax", "key_heads")
        own = (*own, "source_loss") if settings.mask == "causal" else own
        return own, (f"a decoder-only model with layers={settings.layers}, mask={settings.mask!r}")
    if settings.model == "recurrent_only":
        return ("encoder", "layers"), "a recurrent model without a decoder"
    if settings.model == "last_state":
        own = ("encoder", "gain") if settings.encoder == "rnn" else ("encoder", *_LAST_STATE)
        return own, f"a model with encoder={settings.encoder!r} that answers from its last state"
    if settings.model == "look_ups":
        return _LOOK_UPS, "several look-ups"
    if settings.model == "tagger":
        own = (*_STACK, "mask") if settings.encoder == "self_attention" else ()
        return ("encoder", *own), f"a tagger with encoder={settings.encoder!r}"
    if settings.model == "one_layer":
        return ("projections",), "one layer on cards"
    if settings.model == "look_up":
        own = ("score", *_LOOK_UP) if settings.score == "general" else ("score", "start_length")
        return own, f"a look-up with score={settings.score!r}"
    own, kind = ["encoder", "attend", "dropout"], "a recurrent model"
    if settings.encoder not in ("rnn", "lstm"):
        own.append("attention")  # inside its decoder is a GRU
    if settings.encoder != "lstm":
        own.append("summary")  # its decoder starts with two vectors
    if settings.encoder == "self_attention":
        own += "heads", "layers", "positions"
    if settings.attend and settings.attention == "after":
        own.append("score")  # over one vector, scores change nothing
    return own, f"{kind} with encoder={settings.encoder!r}, attend={settings.attend}"


def require_name(name):
    """Raise a `TypeError` unless settings have a field of that name; it says the nearest one.

    Examples
    --------
    >>> require_name("stesp")
    Traceback (most recent call last):
    TypeError: Settings has no 'stesp'; did you mean 'steps'?
    """
    names = [field.name for field in _fields(Settings)]
    if name not in names:
        near = difflib.get_close_matches(name, names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names)}"
        raise TypeError(f"Settings has no {name!r}; {hint}")


_KINDS = {
    int: ("a whole number", operator.index),
    float: ("a number", float),
    float | None: ("a number", float),
    bool: ("True or False", bool),
}


def _typed(name, value, wanted):
    """Return a value in Python's own type, so that it can be compared and written as JSON."""
    if wanted == bool | str:
        wanted = str if isinstance(value, str) else bool
    kind, convert = _KINDS.get(wanted, ("", lambda same: same))
    is_boolean = isinstance(value, bool | np.bool_)
    try:
        if wanted in _KINDS and (isinstance(value, str) or is_boolean != (wanted is bool)):
            raise TypeError
        return convert(value)
    except TypeError:
        raise TypeError(f"{name} = {value!r} must be {kind}") from None


def grid(**options):
    """Return settings of several runs: one for each combination of what stands in tuples.

    Parameters
    ----------
    **options
        Names of `Settings`; a value, or a tuple of values.

    Returns
    -------
    list of Settings
        The last name varies fastest.

    Examples
    --------
    >>> grid(task="reversal", attend=(False, True), width=(16, 32))[1:3]
    [Settings(task='reversal', width=32), Settings(task='reversal', width=16, attend=True)]
    """
    values = [value if isinstance(value, tuple) else (value,) for value in options.values()]
    return [
        Settings(**dict(zip(options, chosen, strict=True))) for chosen in itertools.product(*values)
    ]
