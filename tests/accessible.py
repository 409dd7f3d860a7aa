"""What axe-core finds in a page that a browser has open."""

from axe_playwright_python.sync_playwright import Axe

# Takes parts of a page away, so that axe has less to look at; it takes minutes for a book. An empty
# part that isn't displayed stays in the place of each, so style sheets find the same as before.
TAKING = """
  window.taken = [];
  const take = place => {
    const hole = place.cloneNode(false);
    hole.style.setProperty("display", "none", "important");
    place.replaceWith(hole);
    taken.push([hole, place]);
  };
"""
# What a program made many of: entries of a module of the API but two, words of code, and what
# charts and formulas hold.
REPEATED = f"""() => {{ {TAKING}
  document.querySelectorAll("dl.py ~ dl.py ~ dl.py, figure .picture svg > *").forEach(take);
  document.querySelectorAll(".cell_input pre, math").forEach(take);
}}"""
# All but one text of each look: of the same colour, size and weight on the same grounds, above
# the same things. Whether axe can judge a text also depends on its length and on `disabled`.
# The contrast of what charts hold is computed by `test_plots`.
SAME_LOOK = f"""() => {{ {TAKING}
  const clear = "rgba(0, 0, 0, 0)";
  const ground = place => {{
    const {{ backgroundColor, backgroundImage }} = getComputedStyle(place);
    return backgroundColor === clear && backgroundImage === "none" ? "" :
      backgroundColor + backgroundImage;
  }};
  const grounds = place => {{
    const all = [];
    for (; place; place = place.parentElement) {{
      all.push(ground(place), getComputedStyle(place).opacity);
      if (ground(place).startsWith("rgb(")) break;
    }}
    return all;
  }};

  const painted = new Map(); // figure -> what has a ground there, with its box
  const paintedIn = figure => {{
    if (!painted.has(figure))
      painted.set(figure, [...figure.querySelectorAll("*")]
        .filter(place => place.checkVisibility()
          && (ground(place) || place.matches("canvas, img, svg")))
        .map(place => [place, place.getBoundingClientRect()]));
    return painted.get(figure);
  }};
  const meet = (one, other) => one.left + 2 < other.right && other.left + 2 < one.right
    && one.top + 2 < other.bottom && other.top + 2 < one.bottom;
  const met = place => {{
    const figure = place.closest("figure"), box = place.getBoundingClientRect();
    return !figure ? [] : paintedIn(figure)
      .filter(([other, itsBox]) => !other.contains(place) && meet(box, itsBox))
      .map(([other]) => other.localName + ground(other));
  }};

  const seen = new Set(), kept = new Set(), whole = new Set();
  for (const place of document.body.querySelectorAll("*")) {{
    const text = [...place.childNodes].filter(one => one.nodeType === 3)
      .map(one => one.data.trim()).join("");
    if (!text || !place.checkVisibility() || place.closest(".picture svg")) continue;
    const {{ color, fontSize, fontWeight }} = getComputedStyle(place), above = met(place);
    const disabled = place.closest(":disabled, [aria-disabled=true]") !== null;
    const look = [place.localName, color, getComputedStyle(place.parentElement).color, fontSize,
      fontWeight, text.length > 1, disabled, ...grounds(place), ...above].join();
    if (seen.has(look)) continue;
    seen.add(look);
    if (above.length) whole.add(place.closest("figure"));
    for (let one = place; one; one = one.parentElement) kept.add(one);
  }}
  const prune = place => [...place.children].forEach(child => {{
    if (kept.has(child)) whole.has(child) || prune(child);
    else if (!child.matches("script, style")) take(child);
  }});
  prune(document.body);
}}"""
GIVE_BACK = "() => taken.forEach(([hole, place]) => hole.replaceWith(place))"
OF_COLOURS = ["color-contrast", "link-in-text-block"]


def serious_troubles(page, *, colours_only=False):
    """Return a sentence for each place where a rule is broken that matters much.

    Of all rules, or of those alone that colours decide.
    """
    # A colour that still fades from one theme into the other has the contrast of neither.
    page.evaluate(
        "Promise.allSettled(document.getAnimations().map(one => one.finished)).then(() => null)"
    )
    found = []
    if not colours_only:
        others = {rule: {"enabled": False} for rule in OF_COLOURS}
        found += _violations(page, REPEATED, rules=others)
    found += _violations(page, SAME_LOOK, runOnly=OF_COLOURS)
    return [
        f"{violation['id']}: {node['target']} {node.get('failureSummary', '')}"
        for violation in found
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def _violations(page, take, **options):
    options |= {"resultTypes": ["violations"], "preload": False}
    page.evaluate(take)
    try:
        return Axe().run(page, options=options).response["violations"]
    finally:
        page.evaluate(GIVE_BACK)
