"""The table of published sizes: its first state, and its script held to `helpers.cost`."""

import re

import pytest
from accessible import serious_troubles
from figure_pages import html_of, open_page, watched, write_page

from figures import card, sizes
from helpers import cost

MODELS = {"small": (768, 12, 12), "large": (8192, 64, 64), "grouped": (8192, 80, 64, 8)}


def counts(width, layers, heads, key_heads, n):
    looks = cost.block_products(1, n, width) - cost.block_products(1, 0, width)
    kept = 2 * cost.cache_numbers(n, width, layers, heads, key_heads)
    return kept, looks / cost.block_products(1, n, width), 6 * width


def html():
    return html_of(card, lambda: sizes.show_sizes(counts, MODELS, start=("small", 1024)))


def html_of_grouped():
    return html_of(card, lambda: sizes.show_sizes(counts, MODELS, start=("grouped", 1024)))


def cells(text):
    return dict(re.findall(r'data-row="(\w+)">([^<]+)<', text))


def test_the_first_state_is_there_before_any_script():
    kept, share, half = counts(768, 12, 12, 12, 1024)
    assert cells(html()) == {
        "cache": sizes.amount(kept),
        "share": f"{100 * share:.1f} %",
        "half": f"{half:,}",
        "reads": "12",
        "writes": "12,288",
    }


def test_the_length_at_which_looks_are_half_is_right():
    for width, layers, heads, *_ in MODELS.values():
        assert counts(width, layers, heads, heads, 6 * width)[1] == pytest.approx(0.5)


def test_what_is_published_of_keys_is_what_is_counted_first():
    kept, *others = counts(8192, 80, 64, 8, 1024)
    assert cells(html_of_grouped()) == cells(sizes._table(kept, *others, 80, 1024))
    assert counts(8192, 80, 64, 64, 1024)[0] == 8 * kept


@pytest.mark.pages
def test_the_script_counts_as_python_does(browser, tmp_path):
    write_page(tmp_path, "sizes", html())
    with watched(browser) as context:
        page = open_page(context, tmp_path, "sizes")
        for model, (width, layers, heads, *published) in MODELS.items():
            shared = {"as published": (published or [heads])[0], "as many": heads}
            for keys, key_heads in (shared | {"one for 4": heads // 4, "one": 1}).items():
                page.check(f'input[value="{model}"]', force=True)
                page.check(f'input[value="{keys}"]', force=True)
                for place in (0, 5, len(sizes.LENGTHS) - 1):
                    page.fill("input[type=range]", str(place))
                    n = sizes.LENGTHS[place]
                    kept, share, half = counts(width, layers, heads, key_heads, n)
                    text = sizes._table(kept, share, half, layers, n)
                    assert cells(page.inner_html(".drawing")) == cells(text)
        assert serious_troubles(page) == []
