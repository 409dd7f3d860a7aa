"""What a decoder-only model of a published size keeps and computes, against the length of its text.

The counting is the caller's, in Python; the script has the same formulas under the same names.
"""

from html import escape

from figures.card import Choice, Slide, printed, show_card

LENGTHS = tuple(2**k for k in range(7, 21))
KEYS = ("as published", "as many", "one for 4", "one")
ROWS = (
    ("cache", "keys and values kept, 2 bytes a number"),
    ("share", "share of scores and sums in the work for the next token"),
    ("half", "length at which they are half of it"),
    ("reads", "steps that wait for each other, to read the text"),
    ("writes", "the same, to write it"),
)


def show_sizes(counts, models, *, start, caption=""):
    """Show a table of costs that follows a model, its heads of keys, and a length.

    Parameters
    ----------
    counts : callable
        ``counts(width, layers, heads, key_heads, n)`` returns the bytes kept, the share of scores
        and weighted sums in the multiplications for one more token, and the length at which it is
        a half.
    models : dict
        Name -> (width, layers, heads), and heads of keys and values, where they are fewer.
    start : (str, int)
        Model and length at first.
    caption : str
        What to try and to see.

    Examples
    --------
    >>> show_sizes(counts, {"small": (64, 2, 4)}, start=("small", 1024))  # doctest: +SKIP
    """

    def draw(model, keys, n):
        width, layers, heads, *published = models[model]
        shared = {"as many": heads, "one for 4": heads // 4, "one": 1}
        key_heads = shared.get(keys) or (published or [heads])[0]
        return _table(*counts(width, layers, heads, key_heads, n), layers, n)

    show_card(
        "sizes",
        draw,
        [
            Choice("model", "Model", tuple(models)),
            Choice("keys", "Heads of keys for those of queries", KEYS),
            Slide("n", "tokens so far", LENGTHS),
        ],
        {"model": start[0], "keys": KEYS[0], "n": start[1]},
        data={"models": models},
        caption=caption,
    )


def _table(kept, share, half, layers, n):
    """Return the rows as HTML: a bar shows the share."""
    values = {
        "cache": amount(kept),
        "share": f"{printed(100 * share, 1)} %",
        "half": f"{half:,}",
        "reads": f"{layers:,}",
        "writes": f"{layers * n:,}",
    }
    rows = "".join(
        f'<div><dt>{escape(text)}</dt><dd data-row="{name}">{values[name]}</dd></div>'
        for name, text in ROWS
    )
    return (
        f'<div class="bar" style="--share:{share:.4f}" aria-hidden="true"><span></span></div>'
        f'<dl aria-live="polite">{rows}</dl>'
    )


def amount(count):
    """Return bytes as megabytes or gigabytes.

    Examples
    --------
    >>> amount(37_748_736), amount(2_147_483_648)
    ('37.7 MB', '2.1 GB')
    """
    unit, size = ("GB", 1e9) if count >= 1e9 else ("MB", 1e6)
    return f"{printed(count / size, 1)} {unit}"
