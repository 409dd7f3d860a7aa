"""What axe-core finds in a page that a browser has open."""

from axe_playwright_python.sync_playwright import Axe

# Takes away words of code and of text that nobody sees, and words and formulas that look like one
# before, as their contrast is the same; what charts hold, whose contrast `test_plots` computes;
# and of each module of the API all entries but two: one program makes them all. To measure
# everything thousands of times takes minutes. What stands in another figure may lie on anything, so
# it stays.
TAKE = """() => {
  const seen = new Set(), again = [];
  const take = place => {
    const hole = document.createComment("");
    place.replaceWith(hole);
    return [hole, place];
  };
  const made = "dl.py ~ dl.py ~ dl.py, figure .picture svg > *";
  window.taken = [...document.querySelectorAll(made)].map(take);
  const ground = place => {
    while (place && getComputedStyle(place).backgroundColor === "rgba(0, 0, 0, 0)")
      place = place.parentElement;
    return place && getComputedStyle(place).backgroundColor;
  };
  const words = ":is(pre, code, dt, dd, p, li, td) :is(span, em, code, math)";
  for (const word of document.querySelectorAll("article " + words)) {
    if (word.localName !== "math" && word.childElementCount) continue;
    if (word.closest("figure, a, button, label, [role=button]")) continue;
    const { color, fontSize, fontWeight, opacity } = getComputedStyle(word);
    const look = [color, fontSize, fontWeight, opacity, ground(word), word.localName].join();
    if (!word.checkVisibility() || seen.has(look)) again.push(word);
    else seen.add(look);
  }
  taken.push(...again.map(take));
}"""
GIVE_BACK = "() => taken.forEach(([hole, place]) => hole.replaceWith(place))"


def serious_troubles(page, rules=None):
    """Return a sentence for each place where a rule is broken that matters much.

    Of all rules, or of those alone that are named.
    """
    # A colour that still fades from one theme into the other has the contrast of neither.
    page.evaluate(
        "Promise.allSettled(document.getAnimations().map(one => one.finished)).then(() => null)"
    )
    only = {"runOnly": rules} if rules else {}
    page.evaluate(TAKE)
    report = Axe().run(page, options={"resultTypes": ["violations"], "preload": False, **only})
    page.evaluate(GIVE_BACK)
    return [
        f"{violation['id']}: {node['target']} {node.get('failureSummary', '')}"
        for violation in report.response["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]
