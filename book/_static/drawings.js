/* Press a row of a drawing, or move through the rows with the arrow keys: its looks are shown.
   The first row that is shown stands in the page; this only hides one group and shows another. */
(() => {
  "use strict";
  const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
  const NAME = "Whose looks are shown";

  function choose(figure, buttons, chosen) {
    for (const [i, button] of buttons.entries()) {
      button.setAttribute("aria-checked", i === chosen);
      button.setAttribute("tabindex", i === chosen ? 0 : -1);
    }
    for (const group of figure.querySelectorAll("[data-row]")) {
      if (Number(group.dataset.row) === chosen) {
        group.removeAttribute("display");
        figure.querySelector(".say").textContent = group.dataset.say;
      } else {
        group.setAttribute("display", "none");
      }
    }
  }

  function start(figure) {
    const buttons = [...figure.querySelectorAll("[data-choose]")];
    if (!buttons.length) return;
    const svg = figure.querySelector("svg");
    svg.setAttribute("role", "group"); // an image has nothing in it that can be pressed
    const rows = figure.querySelector(".rows");
    rows.setAttribute("role", "radiogroup");
    rows.setAttribute("aria-label", NAME);
    for (const [i, button] of buttons.entries()) {
      button.setAttribute("role", "radio");
      button.setAttribute("aria-label", button.textContent);
      button.addEventListener("click", () => choose(figure, buttons, i));
      button.addEventListener("keydown", event => {
        const step = STEPS[event.key];
        if (step === undefined && event.key !== " " && event.key !== "Enter") return;
        event.preventDefault();
        const next = (i + (step ?? 0) + buttons.length) % buttons.length;
        buttons[next].focus();
        choose(figure, buttons, next);
      });
    }
    choose(figure, buttons, buttons.findIndex(one => "chosen" in one.dataset));
  }

  document.querySelectorAll("figure.drawing").forEach(start);
})();
