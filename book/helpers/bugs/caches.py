"""Bugs of a cache: no training shows them, since no training calls it.

`stack_step` goes on from keys and values that are there; each bug here says something else than the
same text gives in one pass.
"""

from helpers.attention import causal_mask, scaled_dot
from helpers.bugs.base import bug
from helpers.cached import keys_values, look_back, stack_step, transforming
from helpers.positions import position_score, rotate
from helpers.shapes import require
from helpers.start import init_encoder, init_multi_head
from helpers.transformer import blocks, enter, leave, sublayer

CHAPTER = "12_decoder_only"


def _two_more(rng):
    """Return a stack, two new places of three texts, and the cache of five before them."""
    params = init_encoder(rng, 8, 2, layers=1, positions="rotary")
    _, cache = stack_step(params, rng.standard_normal((3, 5, 8)))
    return params, rng.standard_normal((3, 2, 8)), cache


def _some_heads(rng):
    params = init_multi_head(rng, 8, 2)
    before = keys_values(params, rng.standard_normal((3, 5, 8)))
    return params, rng.standard_normal((3, 4, 8)), before


def _step(params, embedded, cache, mask, score, positions, parts, start):
    """Do what `stack_step` does, with a mask, a score and a first place from outside."""
    x, grown = enter(params, embedded, positions, start), {}
    for i, block in enumerate(blocks(params)):
        old = cache[f"block_{i}"] if cache else None
        x, grown[f"block_{i}"] = look_back(block, x, old, mask, score, **parts)
        x, _ = sublayer(block["feed_forward_norm"], x, transforming(block), **parts)
    return leave(params, x), grown


def _score(positions, window, softmax):
    require(not window and softmax, "these bugs are those of a full look, with a softmax")
    return position_score(positions)


def _before(cache):
    return cache["block_0"]["keys"].shape[2] if cache else 0


@bug(
    stack_step,
    _two_more,
    symptom="In one pass all is right; what it writes falls apart after the first words.",
    mistake="every new word asks as if it stood at the first place: count on from the cache.",
    chapter=CHAPTER,
)
def _place_from_zero(
    params,
    embedded,
    cache=None,
    *,
    prefix=False,
    positions="rotary",
    window=0,
    softmax=True,
    **parts,
):
    def turned(queries, keys):
        return scaled_dot(rotate(queries), rotate(keys))

    start, n = _before(cache), embedded.shape[1]
    mask = None if prefix else causal_mask(start + n)[start:]
    usual = _score(positions, window, softmax)
    score = turned if positions == "rotary" else usual
    return _step(params, embedded, cache, mask, score, positions, parts, 0)


@bug(
    stack_step,
    _two_more,
    symptom="Each new word sees the first word of the text, and nothing else.",
    mistake="these are the first rows of the mask; the new words have its last ones.",
    chapter=CHAPTER,
)
def _first_rows_of_mask(
    params,
    embedded,
    cache=None,
    *,
    prefix=False,
    positions="rotary",
    window=0,
    softmax=True,
    **parts,
):
    start, n = _before(cache), embedded.shape[1]
    mask = None if prefix else causal_mask(start + n)[:n]
    score = _score(positions, window, softmax)
    return _step(params, embedded, cache, mask, score, positions, parts, start)


@bug(
    stack_step,
    _two_more,
    symptom="It repeats words, or leaves one out: it does not know what it has just read.",
    mistake="a new word may look at itself, too; yours sees only what was in the cache before.",
    chapter=CHAPTER,
)
def _newest_unseen(
    params,
    embedded,
    cache=None,
    *,
    prefix=False,
    positions="rotary",
    window=0,
    softmax=True,
    **parts,
):
    start, n = _before(cache), embedded.shape[1]
    mask = None if prefix or not start else causal_mask(start + n)[start - 1 : -1]
    score = _score(positions, window, softmax)
    return _step(params, embedded, cache, mask, score, positions, parts, start)


@bug(
    keys_values,
    _some_heads,
    symptom="One text alone is right; of several, all but the first go on with the first one's.",
    mistake="all texts of the batch got the cache of the first.",
    chapter=CHAPTER,
    caught_by="batch_items_independent",
    handed=lambda function, params, x, before: (
        lambda x, *old: function(params, x, dict(zip(before, old, strict=True)))["keys"],
        x,
        *before.values(),
    ),
)
def _one_cache_for_all(params, keys_values_from, cache=None):
    if cache is not None:
        cache = {name: 0 * kept + kept[:1] for name, kept in cache.items()}
    return keys_values(params, keys_values_from, cache)


@bug(
    keys_values,
    _some_heads,
    symptom="It finds the right place, and fetches what stood at another.",
    mistake="the keys went into the cache, and were put there as values, too.",
    chapter=CHAPTER,
)
def _keys_as_values(params, keys_values_from, cache=None):
    keys = keys_values(params, keys_values_from, cache)["keys"]
    return {"keys": keys, "values": keys}
