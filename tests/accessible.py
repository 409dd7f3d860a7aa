"""What axe-core finds in a page that a browser has open."""

from axe_playwright_python.sync_playwright import Axe

# Takes away words of code and of text that look like one before: their contrast is the same, and
# to measure it thousands of times takes minutes. What stands in a figure may lie on anything.
TAKE = """() => {
  const seen = new Set(), again = [];
  const ground = place => {
    while (place && getComputedStyle(place).backgroundColor === "rgba(0, 0, 0, 0)")
      place = place.parentElement;
    return place && getComputedStyle(place).backgroundColor;
  };
  const words = ":is(pre, code, dt, dd, p, li, td) :is(span, em, code)";
  for (const word of document.querySelectorAll("article " + words)) {
    if (word.childElementCount || !word.checkVisibility()) continue;
    if (word.closest("figure, a, button, label, [role=button]")) continue;
    const { color, fontSize, fontWeight, opacity } = getComputedStyle(word);
    const look = [color, fontSize, fontWeight, opacity, ground(word)].join();
    if (seen.has(look)) again.push(word);
    seen.add(look);
  }
  window.taken = again.map(word => [document.createComment(""), word]);
  for (const [hole, word] of taken) word.replaceWith(hole);
  return taken.length;
}"""
GIVE_BACK = "() => taken.forEach(([hole, word]) => hole.replaceWith(word))"


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
