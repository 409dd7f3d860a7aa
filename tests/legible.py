"""Whether the words of charts can be read: large enough, whole, and not over each other."""

SMALLEST = 11  # CSS pixels

# Of each chart that is shown, at the place of its controls where it stands. Boxes of words are as
# high as a line: a fifth of that may be shared with the line above.
TROUBLES = """([card, smallest]) => {
  const drawing = [...card.querySelectorAll(".picture svg")].filter(one => one.checkVisibility());
  if (drawing.length !== 1) return [`${drawing.length} drawings are shown`];
  const frame = drawing[0].getBoundingClientRect();
  const scale = frame.width / drawing[0].viewBox.baseVal.width;
  const words = [...drawing[0].querySelectorAll("text")].map(text => {
    const { left, right, top, bottom } = text.getBoundingClientRect();
    const turned = bottom - top > right - left && text.textContent.length > 1;
    const [across, down] = turned ? [(right - left) / 10, 0] : [0, (bottom - top) / 10];
    return { text: text.textContent, size: scale * parseFloat(getComputedStyle(text).fontSize),
      left: left + across, right: right - across, top: top + down, bottom: bottom - down };
  });
  const found = words.length ? [] : ["no words"];
  words.forEach((one, k) => {
    if (one.size < smallest) found.push(`${one.text}: ${one.size} px`);
    if (one.left < frame.left - .5 || one.right > frame.right + .5 || one.top < frame.top - .5
        || one.bottom > frame.bottom + .5) found.push(`${one.text}: over the edge`);
    for (const other of words.slice(k + 1)) {
      if (one.left < other.right && other.left < one.right
          && one.top < other.bottom && other.top < one.bottom)
        found.push(`${one.text} and ${other.text}: over each other`);
    }
  });
  return found;
}"""
# Choose the next of a control's values, the first after the last.
NEXT = """([card, k]) => {
  const control = card.querySelectorAll("[data-control]")[k];
  const slider = control.querySelector("[type=range]");
  if (slider) slider.value = (Number(slider.value) + 1) % (Number(slider.max) + 1);
  else {
    const buttons = [...control.querySelectorAll("input")];
    buttons[(buttons.findIndex(one => one.checked) + 1) % buttons.length].checked = true;
  }
  (slider ?? control.querySelector("input:checked"))
    .dispatchEvent(new Event("input", { bubbles: true }));
}"""
VALUES = """card => [...card.querySelectorAll("[data-control]")].map(control => {
  const slider = control.querySelector("[type=range]");
  return slider ? Number(slider.max) + 1 : control.querySelectorAll("input").length;
})"""


def unreadable(page):
    """Return a sentence for each word of a chart that can't be read as it should be.

    Parameters
    ----------
    page : playwright.sync_api.Page
        Every control of its charts is moved through its values, and stands where it was then.

    Returns
    -------
    list of str
    """
    found = {}  # in their order, each once
    for number, chart in enumerate(page.locator("figure.plot, figure.explore").all(), start=1):
        card = chart.element_handle()
        for k, count in enumerate(card.evaluate(VALUES) or [1]):
            for _ in range(count):
                if count > 1:
                    page.evaluate(NEXT, [card, k])
                for trouble in page.evaluate(TROUBLES, [card, SMALLEST]):
                    found[f"chart {number}: {trouble}"] = True
    return list(found)
