"""No chapter has more than two screens in a row with nothing to look at or to do."""

import pytest

from folders import BOOK, HTML

CHAPTERS = [path.stem for path in sorted(BOOK.glob("[0-9]*.ipynb"))]
SCREEN = {"width": 1300, "height": 900}
#: What there is to look at or to do: figures of all kinds, fields, exercises, quizzes.
SEEN = "figure, .cell_output img, .exercise, .stations, .Quiz, .bd-article input, textarea"
#: Longer stretches that are known, in screens, by the last heading before each. None may grow;
#: take one out when it has been filled.
KNOWN = {
    "06_alignment": {"Experiment 4: which way does the encoder read?": 2.3},
    "07_self_attention": {
        "The formula": 2.8,
        "Experiment 1: why three projections?": 4.0,
        "Watch it form": 2.7,
        "Experiment 4: how far does the gradient reach?": 2.6,
    },
    "09_attention_vs_self_attention": {"One set of numbers for all three": 2.7},
}

# Stretches between what is seen: from the end of one to the beginning of the next, in pixels, with
# the heading that stands last before the stretch.
STRETCHES = """selector => {
  const article = document.querySelector(".bd-article"), shown = [];
  const box = element => element.getBoundingClientRect();
  for (const one of article.querySelectorAll(selector)) {
    const {top, bottom, height} = box(one);
    if (height > 0) shown.push([top, bottom]);
  }
  shown.sort((a, b) => a[0] - b[0]);
  const headings = [...article.querySelectorAll("h1, h2, h3")];
  const found = [];
  let end = box(article).top;
  for (const [top, bottom] of [...shown, [box(article).bottom, 0]]) {
    const before = headings.filter(one => box(one).top < end + 10).pop();
    found.push([top - end, before ? before.firstChild.textContent : ""]);
    end = Math.max(end, bottom);
  }
  return found;
}"""


def stretches(browser, stem):
    """Return (screens, heading) for each stretch of a chapter without anything to see or do."""
    path = HTML / "book" / f"{stem}.html"
    if not path.exists():
        pytest.fail("the book isn't built: run `make book`")
    context = browser.new_context(viewport=SCREEN)
    page = context.new_page()
    page.goto(path.as_uri())
    page.wait_for_timeout(2000)  # formulas are set, and move what is below them
    found = page.evaluate(STRETCHES, SEEN)
    context.close()
    return [(length / SCREEN["height"], heading) for length, heading in found]


@pytest.mark.pages
@pytest.mark.parametrize("stem", CHAPTERS)
def test_two_screens_without_anything_to_look_at_or_to_do_are_the_most(browser, stem):
    long = {}
    for screens, heading in stretches(browser, stem):
        if screens > 2:
            long[heading] = max(round(screens, 1), long.get(heading, 0))
    known = KNOWN.get(stem, {})
    print(stem, long)
    worse = {name: n for name, n in long.items() if n > known.get(name, 2)}
    assert not worse, f"{stem}: screens without a figure, behind these headings: {worse}"
