"""Builds book/01_sequences.ipynb from cells written here."""
import nbformat, sys
md=nbformat.v4.new_markdown_cell; code=nbformat.v4.new_code_cell
cells=[]
def M(id, text): c=md(text.strip('\n')); c.id=id; cells.append(c)
def C(id, text, *tags):
    c=code(text.strip('\n')); c.id=id
    if tags: c.metadata['tags']=list(tags)
    cells.append(c)

M('opening', r'''
# 01 · Text becomes arrays

A network multiplies matrices. A sentence is none. Between the two stand four decisions, which are made before anything is trained: how to cut the text, what number each piece gets, how to lay sequences of different lengths into one array, and what the network is asked at each place. This chapter makes them one by one, in a few lines each.

They decide more than one would think. The same French number is 21 tokens long, or 4, or 2. In a careless batch most of what is computed is computed for nothing. And if what the network is asked is moved by a single place, it reaches a lower loss than any other, and can say nothing at all.

The task is the one of the whole course: numbers in French go in, the same numbers in English come out.

**Predict.** Cut *quatre-vingt-dix-sept* (97; in French, four twenties and seventeen) into letters. Look through all French numbers below 1000 for the pair of neighbouring pieces that occurs most often, and merge it, everywhere. Do that again and again. Which pair will be the first? After sixty merges, into how many pieces does *quatre-vingt-dix-sept* fall, and is *quatre-vingt*, the French 80, one of them?
''')
C('imports', r'''
from itertools import pairwise

import numpy as np

from figures.explore import explore
from figures.listing import body
from figures.quiz import quiz
from helpers import checks, runs, seq2seq, tasks
from helpers.functions import cross_entropy, embedding
from helpers.runs import Settings
from helpers.start import init_embedding, init_seq2seq
from helpers.tasks.cutting import cut_word, learn_merges, merge_pair
''','hide-input')
M('cut', r'''
## See it cut

Each row is one number. Move the slider: so many merges have been learned.
''')
C('cut-figure', r'''
merges = tasks.french_merges(100)
shown = (97, 84, 497, 80, 71)


def draw_pieces(figure, merges_learned):
    axes = figure.axes[0] if figure.axes else figure.add_axes((0, 0, 1, 1))
    axes.clear()
    axes.set(xlim=(0, 1), ylim=(len(shown), 0))
    axes.axis("off")
    for row, number in enumerate(shown):
        start = 0.01
        for piece in cut_word(tasks.hyphenated(number), merges[:merges_learned]):
            box = {"boxstyle": "square,pad=0.25", "facecolor": "#dbe9f6", "edgecolor": "#2d4a6b"}
            width = 0.0205 * len(piece) + 0.012
            axes.text(
                start + width / 2, row + 0.5, piece, family="monospace", size=9, bbox=box,
                ha="center", va="center",
            )
            start += width + 0.008


def say_pieces(merges_learned):
    pieces = cut_word(tasks.hyphenated(97), merges[:merges_learned])
    return f"After {merges_learned} merges, 97 is cut into {len(pieces)}: {', '.join(pieces)}."


explore(
    draw_pieces,
    alt=say_pieces,
    caption="The first merges make endings, then come whole words. At 32 merges quatre-vingt- is "
    "one piece: the French 80, which French itself makes of four and twenty.",
    size=(6.4, 2.6),
    start={"merges_learned": 32},
    merges_learned=(0, 1, 2, 5, 10, 15, 20, 25, 30, 32, 40, 50, 60, 80, 100),
)
''','hide-input')
C('cut-check', r'''
at = {n: cut_word("quatre-vingt-dix-sept", merges[:n]) for n in (0, 31, 32, 60)}
assert merges[0] == ("t", "-") and len(at[0]) == 21
assert "quatre-vingt-" not in at[31] and "quatre-vingt-" in at[32]
assert at[60] == ("quatre-vingt-", "dix-", "sept")
''','remove-cell')
M('cut-read', r'''
The first pair is *t-*: so many French number words end in *t*. After sixty merges three pieces are left, *quatre-vingt-*, *dix-* and *sept*. Nobody told it what a word is. It counted.

## Three ways to cut

Pieces of text that get a number of their own are **tokens**; all that there are, in a fixed order, are the **vocabulary**. **Letters** make a small vocabulary and long sequences. **Words** make short sequences, and a vocabulary that grows with the text; a word that is not in it cannot be read. Between the two lie **merged pairs**, {term}`byte-pair encoding`, by which nearly all large models cut their text today {cite}`gage1994,sennrich2016`. This is all of it:
''')
C('merge-code', r'''
print(*map(body, (merge_pair, learn_merges, cut_word)), sep="\n\n\n")
''')
M('learn-text', r'''
It is learned from a text once, before any training, here from the French numbers of two and three digits that models will be trained on. Then it cuts any other text. How many tokens has a number that was not among them?
''')
C('cut-counts', r'''
held_out = range(14, 1000, 7)  # multiples of 7: no merge was learned from them
cuts = {f"{n} merges": n for n in (0, 10, 20, 40, 60, 100)}
print("                 tokens a number   vocabulary   septante")
tokens = {}
for name, n in cuts.items():
    cut = [cut_word(tasks.hyphenated(number), merges[:n]) for number in held_out]
    tokens[name] = np.mean([len(pieces) for pieces in cut])
    known = 20 + n  # letters and hyphen, and a token a merge
    septante = " ".join(cut_word("septante", merges[:n]))
    print(f"{name:16s} {tokens[name]:15.1f} {known:12d}   {septante}")
words = [tasks.number_words(number, "fr") for number in held_out]
tokens["words"] = np.mean([len(number) for number in words])
n_words = len({word for number in range(10, 1000) for word in tasks.number_words(number, "fr")})
print(f"{'words':16s} {tokens['words']:15.1f} {n_words:12d}   cannot be read")
''','hide-input')
C('cut-counts-check', r'''
letters_known = {letter for number in range(10, 1000) for letter in tasks.hyphenated(number)}
assert len(letters_known) == 20
assert tokens["60 merges"] < tokens["words"] < tokens["40 merges"]
assert tokens["0 merges"] > 5 * tokens["words"]
assert "septante" not in {word for number in words for word in number}
''','remove-cell')
M('cut-counts-read', r'''
Sixty merges make a number as short as words do, with about three times as many tokens to know. What they buy is in the last column. *Septante* is what Belgians say for *soixante-dix*, 70. A model of words has no number for it. Letters can spell it, and so can merged pairs: *sept*, which it knows, and the rest in letters.

The price shows where the text changes. These merges come from numbers below 1000, where *mille*, thousand, never occurs:
''')
C('mille', r'''
print(*cut_word(tasks.hyphenated(2_097), merges[:60]), sep=" | ")
''')
M('numbers', r'''
## What number, what vector

A token gets its place in the vocabulary for a number. That number says nothing: token 24 is not twice token 12. So it is never multiplied. It *picks*: row 24 of a table $E$, one row of trained numbers for each token, its **embedding**.

Textbooks write the same as a product. Let $o_t$ be the {term}`one-hot` vector of token $t$, as long as the vocabulary, 1 at place $t$ and 0 elsewhere. Then

$$
o_t E = E_t
$$

where $E_t$ is row $t$: of all products, those with 0 vanish. So an embedding is the first layer of the network, a matrix like any other, whose product one can look up.
''')
C('one-hot', r'''
task = tasks.make_task("fr3")
rng = np.random.default_rng(0)
table = init_embedding(rng, len(task.source_vocabulary), 8)

sentence = np.array(task.source_tokens(tasks.number_words(97, "fr")))
one_hot = np.eye(len(table), dtype=table.dtype)[sentence]
print("tokens", sentence, "one-hot", one_hot.shape, "embedded", (one_hot @ table).shape)
print("product and look-up agree:", np.array_equal(one_hot @ table, embedding(table, sentence)))
''')
M('one-hot-cost', r'''
A large model has 50,000 tokens and vectors of 768 numbers. Written as a product, one sentence of 20 words would multiply 20 x 50,000 x 768 numbers, 768 million, and all but 15,360 of these products would be with 0. The way back is as thin: a row whose token does not occur gets no gradient. It does not move at all in that step. Rare words learn rarely.

## Sequences in one array

A **batch** is a set of sequences that are computed together. An array has straight edges, and sentences have not: shorter ones are filled up with a token that means nothing, **padding**, and their **lengths** are kept. A **mask** is a boolean array that says which places are real.
''')
C('padding', r'''
batch = tasks.make_batch([task.pair(tasks.number_words(n, "fr")) for n in (97, 12, 497)])
print(batch.source, "lengths", batch.source_lengths)
print(np.arange(batch.source.shape[1]) < batch.source_lengths[:, None])
''')
M('padding-read', r'''
Everything at a padded place is computed, and thrown away. How much is that?

**Predict.** Numbers of 2 to 12 digits, in French words, are drawn at random, 64 to a batch. Which share of the array is padding? And if 32 batches are drawn at once, sorted by length, and then cut?
''')
C('sorting', r'''
def padding_share(pool, size=64, batches=64):
    """Share of the places that are padding, in batches cut from so many sorted at a time."""
    drawn = tasks.batches(tasks.make_task("fr12"), np.random.default_rng(1), size, pool)
    sources = [next(drawn) for _ in range(batches)]
    places = sum(batch.source.size for batch in sources)
    return 1 - sum(batch.source_lengths.sum() for batch in sources) / places


pools = (1, 2, 4, 8, 32)
wasted = {pool: padding_share(pool) for pool in pools}
for pool, share in wasted.items():
    print(f"{pool:2d} batches sorted at a time: {share:4.0%} padding")
''')
C('sorting-check', r'''
assert 0.4 < wasted[1] and wasted[32] < 0.1
assert all(np.diff([wasted[pool] for pool in pools]) < 0)
''','remove-cell')
M('sorting-read', r'''
Half of the array is padding, and with 32 batches sorted at a time a few per cent. It costs nothing but a sort. (It changes the batches, too: each now holds sentences of one length. The batches themselves come in random order, or a model would learn short sentences first and forget them.)

## What is asked at each place

A decoder says one word after another, and each one depends on the words before. In training the words before come from the right answer: **teacher forcing** {cite}`williams1989`. So what the decoder reads is the target, moved one place to the right behind a start token, and what it is asked is the target with an end token:
''')
C('shift', r'''
batch = tasks.make_batch([task.pair(tasks.number_words(497, "fr"), tasks.number_words(497, "en"))])
for name, row in (("reads", batch.target_in), ("is asked", batch.target_out)):
    print(f"{name:8s}", *(f"{task.target_vocabulary[token]:8s}" for token in row[0]))
''')
M('shift-predict', r'''
All places are computed at once. The one thing that keeps this honest is the shift: the word that is asked for must not be among those that are read.

## Experiment: move it by one place

**Predict.** Someone forgets the shift: the decoder reads at each place the very word it is asked for. Train both, 700 steps, three seeds. Which of the two will have the lower loss? Which will translate?
''')
C('shift-train', r'''
chosen = Settings(task="fr3", width=32, steps=700, batch=32)


def learn(seed, shifted):
    """Train a translator; unshifted, it reads the word that it is asked for."""
    rng = np.random.default_rng(seed)
    sizes = len(task.source_vocabulary), len(task.target_vocabulary)

    def loss(params, batch):
        read = batch.target_in if shifted else batch.target_out
        logits = seq2seq.seq2seq(params, batch.source, batch.source_lengths, read, attend=False)
        return cross_entropy(logits, batch.target_out, batch.target_mask)

    label = f"{'shifted' if shifted else 'not shifted'}, seed {seed}"
    drawn = tasks.batches(task, rng, chosen.batch)
    params, history = runs.fit(
        loss, init_seq2seq(rng, *sizes, chosen.width), drawn, chosen.steps, rate=8e-3, label=label
    )
    return runs.Trained(params, chosen, history)
''')
C('shift-run', r'''
learned = {
    shifted: [learn(seed, shifted) for seed in range(3)] for shifted in (True, False)
}
''')
C('shift-result', r'''
for shifted, models in learned.items():
    last = [np.mean(model.history["loss"][-50:]) for model in models]
    right = [model.share_right() for model in models]
    print("shifted    " if shifted else "not shifted", end="  loss ")
    print(*(f"{value:.3f}" for value in last), "  right", *(f"{share:.2f}" for share in right))
print("says for 497:", *learned[False][0].says(tasks.number_words(497, "fr"))[:12])
''','nbval-ignore-output')
C('shift-check', r'''
ends = {k: [np.mean(m.history["loss"][-50:]) for m in models] for k, models in learned.items()}
assert max(ends[False]) < min(ends[True]) / 2, "the cheater has the lower loss"
assert max(m.share_right() for m in learned[False]) < 0.02
assert min(m.share_right() for m in learned[True]) > 0.5
''','remove-cell')
M('shift-read', r'''
The model without the shift has by far the lower loss, and translates nothing. It has learned to copy what it reads, and when it has to speak, there is nothing to copy. No error is raised, all shapes are right, and the curve looks better than any you have seen. So look at what a model *says* before you believe its loss. In a Transformer the same slip has another form, a mask that is missing; [chapter 05](05_attention.ipynb) has it.
''')
M('walk', r'''
## The walk

Every chapter puts its question to the three stations of the course: one summary vector, attention, self-attention. The running example is 47,236. This chapter's question: *how much depends on how the text is cut?*
''')
C('walk-table', r'''
# What each station hands over, for the running example in French, cut in three ways.
number = tasks.RUNNING_EXAMPLE
width = 64
pieces = {
    "letters": list(tasks.hyphenated(number)),
    "merged pairs": cut_word(tasks.hyphenated(number), merges[:60]),
    "words": tasks.number_words(number, "fr"),
}
print(tasks.hyphenated(number))
print(f"{'cut into':14s} tokens | one vector | attention | self-attention compares")
for name, cut in pieces.items():
    n = len(cut)
    print(f"{name:14s} {n:6d} | {width:10d} | {n * width:9d} | {n * n:9d} pairs")
''','hide-input')
C('walk-check', r'''
letters, words = len(pieces["letters"]), len(pieces["words"])
assert letters > 4 * words and letters**2 > 16 * words**2
''','remove-cell')
M('walk-read', r'''
One vector has 64 numbers, whatever the cut: all that a finer cut does is to make more steps of it. Attention gets a vector for each token. In self-attention each token is compared with each, and so a cut that makes a sentence four times as long makes sixteen times as many pairs. That is why models that are built of it are fed with merged pairs, and not with letters.

## Exercises

The cell below each function says what is wrong with it, or goes on with it; run it as often as you like.

```{exercise-start}
:label: ex-pad
```
*Difficulty 1 of 3 · about 10 minutes · later pages need it: every batch is made so*

**Straight edges.** Write `pad(sequences)`: a list of lists of token numbers, all above 0, becomes one integer array (count, longest), filled up with 0 behind each sequence.

*Hint:* make the array of zeros first; `array[i, :n] = sequence` fills the start of a row.
```{exercise-end}
```
''')
C('ex-pad-stub', r'''
def pad(sequences):
    raise NotImplementedError
''')
C('ex-pad-check', r'''
draws = [([[5, 3], [4]],), ([[7], [8, 2, 9], [6, 4]],), ([[3, 1, 2, 4, 5], [9], [8, 8], [7]],)]


def right_pad(sequences):
    return tasks.pad(sequences)[0]


def padded_before(sequences):
    longest = max(map(len, sequences))
    return np.array([[0] * (longest - len(row)) + list(row) for row in sequences])


mistakes = {
    "the padding stands before the sequences; it belongs behind them.": padded_before,
    "sequences are cut to the shortest: nothing may be lost.": lambda sequences: np.array(
        [row[: min(map(len, sequences))] for row in sequences]
    ),
    "there is one column too many: the longest sequence needs no padding.": lambda sequences: (
        np.pad(right_pad(sequences), ((0, 0), (0, 1)))
    ),
    "the last token of each row was repeated; padding is 0.": lambda sequences: np.array(
        [list(row) + [row[-1]] * (max(map(len, sequences)) - len(row)) for row in sequences]
    ),
    "rows and columns are exchanged: one row a sequence.": lambda sequences: (
        right_pad(sequences).T
    ),
}
checks.same_function(pad, right_pad, draws, mistakes)
''','exercise','hide-input')
M('ex-pad-solution', r'''
```{solution-start} ex-pad
:class: dropdown
```
Since 0 is the number of the padding token, an array of zeros is all padding, and each row needs its start alone.
''')
C('ex-pad-solved', r'''
def solution_pad(sequences):
    array = np.zeros((len(sequences), max(map(len, sequences))), int)
    for row, sequence in zip(array, sequences, strict=True):
        row[: len(sequence)] = sequence
    return array


checks.same_function(solution_pad, right_pad, draws, mistakes)
''','solution')
M('ex-merge', r'''
```{solution-end}
```

```{exercise-start}
:label: ex-most
```
*Difficulty 2 of 3 · about 15 minutes · nothing later needs it*

**The next merge.** Write `times_of(words, pair)`: how often does a pair of neighbours occur, in a text whose words are already cut? `words` maps tuples of pieces to how often the word occurs. Overlapping ones count each: *aaa* has the pair (a, a) twice.

*Hint:* `zip(word, word[1:])` gives all neighbours of a word.
```{exercise-end}
```
''')
C('ex-most-stub', r'''
def times_of(words, pair):
    raise NotImplementedError
''')
C('ex-most-check', r'''
draws = [
    ({("a", "a", "a"): 3, ("a", "b"): 2}, ("a", "a")),
    ({("d", "eux"): 2, ("vingt", "-", "d", "eux"): 5, ("eux", "d"): 4}, ("d", "eux")),
    ({("o", "n", "o", "n"): 7, ("n", "o"): 1, ("on",): 6, ("o", "n"): 2}, ("o", "n")),
]


def right_times(words, pair):
    return sum(
        times * sum(two == pair for two in pairwise(word))
        for word, times in words.items()
    )


mistakes = {
    "each word counts as often as it occurs.": lambda words, pair: right_times(
        dict.fromkeys(words, 1), pair
    ),
    "the order matters: (a, b) is not (b, a).": lambda words, pair: (
        right_times(words, pair) + (pair[0] != pair[1]) * right_times(words, pair[::-1])
    ),
    "a word may hold the pair more than once.": lambda words, pair: sum(
        times * (pair in pairwise(word)) for word, times in words.items()
    ),
    "a pair is two pieces, not their letters: ('on',) does not hold ('o', 'n').": (
        lambda words, pair: sum(
            times * "".join(word).count("".join(pair)) for word, times in words.items()
        )
    ),
}
checks.same_function(times_of, right_times, draws, mistakes)
''','exercise','hide-input')
M('ex-most-solution', r'''
```{solution-start} ex-most
:class: dropdown
```
The most frequent pair is then `max` over all pairs. It is counted in words, each as often as it occurs: a frequent word shapes the vocabulary, a rare one doesn't.
''')
C('ex-most-solved', r'''
def solution_times_of(words, pair):
    found = 0
    for word, times in words.items():
        for neighbours in pairwise(word):
            found += times * (neighbours == pair)
    return found


checks.same_function(solution_times_of, right_times, draws, mistakes)
''','solution')
M('ex-rows', r'''
```{solution-end}
```

```{exercise-start}
:label: ex-rows
```
*Difficulty 2 of 3 · about 15 minutes · nothing later needs it, but you will meet the bug*

**The way back into the table.** A look-up `table[tokens]` has gradients as well. Write `table_gradient(shape, tokens, g)`: `g` (n, width) is the gradient at the n vectors that were picked, one for each of `tokens` (n,); return the gradient of the whole table, an array of shape `shape`.

*Hint:* a token that occurs twice is picked twice. What does `found[tokens] += g` do then? `np.add.at` is made for it.
```{exercise-end}
```
''')
C('ex-rows-stub', r'''
def table_gradient(shape, tokens, g):
    raise NotImplementedError
''')
C('ex-rows-check', r'''
rows_rng = np.random.default_rng(3)
draws = [
    (shape, np.array(tokens), rows_rng.standard_normal((len(tokens), shape[1])))
    for shape, tokens in (((5, 3), [2, 0, 2]), ((4, 2), [1, 1, 1, 3]), ((6, 4), [5, 2, 5, 0, 2]))
]


def right_rows(shape, tokens, g):
    return np.eye(shape[0])[tokens].T @ g


def last_only(shape, tokens, g):
    found = np.zeros(shape)
    found[tokens] += g
    return found


mistakes = {
    "a token that occurs twice gets one of its two gradients: `found[tokens] += g` adds once.": (
        last_only
    ),
    "that is the mean over the places of a token; gradients add up.": lambda shape, tokens, g: (
        right_rows(shape, tokens, g)
        / np.maximum(np.bincount(tokens, minlength=shape[0]), 1)[:, None]
    ),
    "that is one row a place; the table has one row a token.": lambda shape, tokens, g: g,
    "every row got the whole sum; a row that was not picked gets nothing.": (
        lambda shape, tokens, g: np.zeros(shape) + g.sum(axis=0)
    ),
}
checks.same_function(table_gradient, right_rows, draws, mistakes)
''','exercise','hide-input')
M('ex-rows-solution', r'''
```{solution-start} ex-rows
:class: dropdown
```
As a product it is $O^\top g$, with the one-hot vectors as the rows of $O$: the transpose of the way forward, as always. Rows of tokens that did not occur stay 0.
''')
C('ex-rows-solved', r'''
def solution_table_gradient(shape, tokens, g):
    found = np.zeros(shape)
    np.add.at(found, tokens, g)
    return found


checks.same_function(solution_table_gradient, right_rows, draws, mistakes)
''','solution')
M('ex-shift', r'''
```{solution-end}
```

```{exercise-start}
:label: ex-shift
```
*Difficulty 2 of 3 · about 15 minutes · later pages need it: every decoder is trained so*

**What it reads, what it is asked, and a model that learns with it.** Write `teacher(target, lengths)`. `target` (batch, n) holds the right answers, padded with 0, `lengths` says how long each is. Return two arrays (batch, n + 1), stacked into one array (2, batch, n + 1): what the decoder reads, with 1, the start, before it; and what it is asked, with 2, the end, right behind each answer. Behind that is padding.

If it is right, the check trains a translator with it for 300 steps, and says how many numbers it gets right.

*Hint:* the end does not stand in the last column, but behind each row's own last word. (What the decoder reads behind that is never counted.)
```{exercise-end}
```
''')
C('ex-shift-stub', r'''
def teacher(target, lengths):
    raise NotImplementedError
''')
C('ex-shift-check', r'''
draws = [
    (np.array([[5, 6, 7], [8, 0, 0]]), np.array([3, 1])),
    (np.array([[4, 9], [3, 3], [6, 0]]), np.array([2, 2, 1])),
    (np.array([[7, 5, 0, 0], [9, 8, 7, 6], [4, 4, 4, 0]]), np.array([2, 4, 3])),
]


def right_teacher(target, lengths):
    pairs = [([3], list(row[:n])) for row, n in zip(target, lengths, strict=True)]
    batch = tasks.make_batch(pairs)
    return np.stack([batch.target_in, batch.target_out])


def end_in_last_column(target, lengths):
    reads, asked = right_teacher(target, lengths)
    late = np.where(asked == tasks.END, 0, asked)
    late[:, -1] = tasks.END
    return np.stack([reads, late])


mistakes = {
    "nothing is shifted: the decoder reads the word it is asked for.": lambda target, lengths: (
        np.stack([right_teacher(target, lengths)[1]] * 2)
    ),
    "the end stands in the last column; it belongs right behind each answer.": end_in_last_column,
    "the two are exchanged: first what it reads, then what it is asked.": (
        lambda target, lengths: right_teacher(target, lengths)[::-1]
    ),
    "no answer is asked for its end: then a model never stops.": lambda target, lengths: np.where(
        right_teacher(target, lengths) == tasks.END, 0, right_teacher(target, lengths)
    ),
    "the decoder has no start: it cannot say a first word.": lambda target, lengths: np.where(
        right_teacher(target, lengths) == tasks.START, 0, right_teacher(target, lengths)
    ),
}


def train_with(function, steps=300):
    """Train a translator whose decoder reads, and is asked, what the function says."""
    rng = np.random.default_rng(11)
    sizes = len(task.source_vocabulary), len(task.target_vocabulary)

    def loss(params, batch):
        lengths = batch.target_mask.sum(axis=1) - 1
        target = np.where(batch.target_out == tasks.END, 0, batch.target_out)[:, :-1]
        reads, asked = function(target, lengths).astype(int)
        logits = seq2seq.seq2seq(params, batch.source, batch.source_lengths, reads, attend=False)
        return cross_entropy(logits, asked, asked > 0)

    drawn = tasks.batches(task, rng, chosen.batch)
    begun = init_seq2seq(rng, *sizes, chosen.width)
    params, _ = runs.fit(loss, begun, drawn, steps, rate=8e-3, label=None)
    return runs.Trained(params, chosen).share_right()


def then_translate(function):
    name = "after 300 steps of training with it, the share of numbers translated right"
    return checks.reaches(train_with(function), at_least=0.3, name=name)


then = then_translate if "learned" in globals() else None  # graded without the page
checks.same_function(teacher, right_teacher, draws, mistakes, then)
''','exercise','hide-input')
M('ex-shift-solution', r'''
```{solution-start} ex-shift
:class: dropdown
```
Both arrays are zeros at first. What is read has the start in its first column and the target behind it; what is asked has the target first, and the end where each answer is over.
''')
C('ex-shift-solved', r'''
def solution_teacher(target, lengths):
    count, n = target.shape
    both = np.zeros((2, count, n + 1), int)
    both[0, :, 0], both[0, :, 1:] = tasks.START, target
    both[1, :, :-1] = target
    both[1, np.arange(count), lengths] = tasks.END
    return both


checks.same_function(solution_teacher, right_teacher, draws, mistakes, then)
''','solution','nbval-ignore-output')
M('quiz-head', r'''
```{solution-end}
```

## Quiz
''')
C('quiz', r'''
quiz("quizzes/01_sequences.json")
''','remove-input','nbval-ignore-output')
M('end', r'''
## In five lines

1. Text is cut before anything is learned: into letters, into words, or into merged pairs, which are counted from a text and can cut any other.
2. A finer cut makes a smaller vocabulary and longer sequences, and self-attention pays for length with its square.
3. An embedding is a product of a one-hot vector with a matrix, done by picking a row; rows that are not picked do not learn.
4. Padding makes arrays straight. Sorted by length, batches lose a few per cent to it; unsorted, they lose about half.
5. A decoder reads the target moved by one place. Without the shift its loss is the lowest of all, and it can say nothing.

## Where to read more

{cite:t}`gage1994` merged pairs of bytes to compress files; {cite:t}`sennrich2016` cut words so, for translation. {cite:t}`williams1989` is where teacher forcing comes from. What a recurrent network does with these arrays is the [next chapter](02_recurrence.ipynb).

The functions that you called, with shapes, errors and an example each: {py:mod}`helpers.tasks` and {py:mod}`helpers.functions`.
''')
nb=nbformat.v4.new_notebook(cells=cells)
out=sys.argv[1]; nbformat.write(nb,out); print(len(cells),'cells')
