"""A mask as a grid that one can click: weights, sums of rows, and rows that allow nothing."""

from html import escape

import numpy as np

from figures.card import Choice, Switch, name_list, printed, shade, show_card

#: All that the figure says about a state; the script has the same sentences.
FINE = "Every row sums to 1."
EMPTY = (
    "{rows} may look at nothing. This course makes all its weights 0, and the output with them. "
    "The plain formula divides 0 by 0: NaN, which spreads to all that it touches."
)
LATE = (
    "Masked after the softmax: the forbidden keys had taken their share before. Less than 1 is "
    "left for {rows}, and no error is raised."
)
TURNED = (
    "Turned round: now a 1 forbids and a 0 allows, as some libraries read a mask. What should be "
    "hidden is seen, and no error is raised."
)
HINT = "Press a cell to turn its 1 into a 0, or back."


def clickable_mask(softmax, scores, masks, padding, words, *, start, caption=""):
    """Show a mask that one can click, and the weights that follow.

    Parameters
    ----------
    softmax : callable
        ``softmax(scores, where=allowed)``, with 0 where nothing is allowed.
    scores : array (n, n)
    masks, padding : dict of str to boolean array (n, n)
        What can be chosen, True = may attend. One of each holds, combined with ``&``.
    words : dict of str to list of str
        The n words for each kind of padding.
    start : (str, str)
        The mask and the padding at first.
    caption : str
        What to try and to see.

    Raises
    ------
    ValueError
        If a mask doesn't have the shape of the scores.

    Examples
    --------
    >>> everything = {"nothing": np.ones((2, 2), bool)}
    >>> clickable_mask(softmax, np.eye(2), everything, everything, {"nothing": ["we", "saw"]},
    ...                start=("nothing", "nothing"))  # doctest: +SKIP
    """
    scores = np.asarray(scores, dtype=float)
    for name, mask in (masks | padding).items():
        if np.shape(mask)[-1] != len(scores):
            raise ValueError(
                f"mask {name!r} has shape {np.shape(mask)}, but the scores have {scores.shape}"
            )
    every = {
        kind: {name: np.broadcast_to(mask, scores.shape) for name, mask in given.items()}
        for kind, given in (("mask", masks), ("padding", padding))
    }

    def draw(mask, padding, **slips):
        allowed = every["mask"][mask] & every["padding"][padding]
        return _grid(softmax, scores, allowed, words[padding], **slips)

    show_card(
        "masks",
        draw,
        [
            Choice("mask", "Mask", tuple(masks)),
            Choice("padding", "Padding", tuple(padding)),
            Switch("turned", "turned round: 1 forbids"),
            Switch("late", "mask after the softmax"),
            Switch("plain", "plain formula"),
        ],
        {"mask": start[0], "padding": start[1], "turned": False, "late": False, "plain": False},
        data=_plain(every)
        | {
            "scores": scores.tolist(),
            "words": words,
            "hint": HINT,
            "sentences": {"fine": FINE, "empty": EMPTY, "late": LATE, "turned": TURNED},
        },
        caption=caption,
    )


def _plain(every):
    """Return masks as JSON holds them."""
    return {
        kind: {name: mask.astype(int).tolist() for name, mask in given.items()}
        for kind, given in every.items()
    }


def weights_of(softmax, scores, mask, turned=False, late=False, plain=False):
    """Return the weights under a mask, with the slips that are switched on.

    Parameters
    ----------
    softmax : callable
    scores : array (n_queries, n_keys)
    mask : boolean array (n_queries, n_keys)
    turned : bool
        Read True as "may not attend".
    late : bool
        Mask the weights, not the scores.
    plain : bool
        Divide 0 by 0 where a row allows nothing.

    Returns
    -------
    array (n_queries, n_keys)

    Examples
    --------
    >>> def softmax(scores, where):
    ...     powers = np.exp(scores) * where
    ...     return powers / np.maximum(powers.sum(axis=-1, keepdims=True), 1e-9)
    >>> weights_of(softmax, np.zeros((1, 4)), np.eye(1, 4, dtype=bool), late=True)
    array([[0.25, 0.  , 0.  , 0.  ]])
    """
    allowed = ~mask if turned else mask
    if late:
        return softmax(scores, where=np.ones_like(mask)) * allowed
    weights = softmax(scores, where=allowed)
    empty = ~allowed.any(axis=-1, keepdims=True)
    return np.where(empty & plain, np.nan, weights)


def _grid(softmax, scores, mask, words, turned, late, plain):
    """Return the grid, its sums and what is to be said about them, as HTML."""
    weights = weights_of(softmax, scores, mask, turned, late, plain)
    allowed = ~mask if turned else mask
    heading = "".join(f'<span role="columnheader">{escape(word)}</span>' for word in words)
    rows = "".join(
        _row(word, mask[i], allowed[i], weights[i], words, i == 0) for i, word in enumerate(words)
    )
    return (
        '<div class="grid" role="grid" aria-multiselectable="true" aria-label="Weights: a row '
        'asks, a column is asked; a cell that is selected has a 1 in the mask">'
        f'<div role="row"><span role="columnheader" class="corner">asks ↓<br>asked →</span>'
        f'{heading}<span role="columnheader" class="sum">sum</span></div>{rows}</div>'
        '<div class="beside">'
        f'<p class="state" role="status">{escape(verdict(allowed, weights, words, turned, late))}'
        f'</p><p class="say" aria-live="polite">{HINT}</p></div>'
    )


def _row(word, mask, allowed, weights, words, is_first):
    total = weights.sum()
    kind = "empty" if not allowed.any() else "short" if total < 0.995 else ""
    cells = "".join(
        f'<span role="gridcell" tabindex="{0 if is_first and j == 0 else -1}" '
        f'aria-selected="{"true" if mask[j] else "false"}" '
        f'aria-label="{escape(_label(word, words[j], allowed[j], weights[j]))}"'
        f'{"" if allowed[j] else " class=forbidden"} style="--s:{shade(weights[j])}">'
        f"<b>{printed(weights[j])}</b><small>{int(mask[j])}</small></span>"
        for j in range(len(words))
    )
    return (
        f'<div role="row" class="{kind}"><span role="rowheader">{escape(word)}</span>{cells}'
        f'<span role="gridcell" class="sum">{printed(total)}</span></div>'
    )


def _label(row, column, allowed, weight):
    return f"{row} asks {column}: {'allowed' if allowed else 'forbidden'}, {printed(weight)}"


def verdict(allowed, weights, words, turned, late):
    """Say what is wrong with the rows, or that nothing is.

    Examples
    --------
    >>> verdict(np.eye(2, dtype=bool), np.eye(2), ["we", "saw"], turned=False, late=False)
    'Every row sums to 1.'
    """
    empty = ~allowed.any(axis=-1)
    short = ~empty & (weights.sum(axis=-1) < 0.995)

    def named(rows):
        places = [f"row {i + 1} ({words[i].strip('()')})" for i in np.flatnonzero(rows)]
        return name_list(places)

    said = [TURNED] * turned
    if late and short.any():
        said.append(LATE.format(rows=named(short)))
    if empty.any():
        names = named(empty)
        said.append(EMPTY.format(rows=names[0].upper() + names[1:]))
    return " ".join(said or [FINE])
