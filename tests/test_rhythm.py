"""No chapter has more than two screens in a row with nothing to look at or to do."""

import pytest

from folders import BOOK, HTML

CHAPTERS = [path.stem for path in sorted(BOOK.glob("[0-9]*.ipynb"))]
SCREEN = {"width": 1300, "height": 900}
#: What there is to look at or to do: figures of all kinds, fields, exercises, quizzes.
SEEN = "figure, .cell_output img, .exercise, .stations, .Quiz, .bd-article input, textarea"

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
    # The font of formulas has come: it moves what is below them.
    page.evaluate("document.fonts.ready.then(() => null)")
    found = page.evaluate(STRETCHES, SEEN)
    context.close()
    return [(length / SCREEN["height"], heading) for length, heading in found]


@pytest.mark.pages
@pytest.mark.parametrize("stem", CHAPTERS)
def test_two_screens_without_anything_to_look_at_or_to_do_are_the_most(browser, stem):
    found = stretches(browser, stem)
    long = {heading: round(screens, 1) for screens, heading in found if screens > 2}
    assert not long, f"{stem}: screens without a figure, behind these headings: {long}"
