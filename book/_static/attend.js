/* The arithmetic of attention, and what the small figures of a page share: their controls. The
   formulas are named like those of helpers. */
"use strict";

const attend = (() => {
  // ---- formulas ------------------------------------------------------------------------------

  const sum = numbers => numbers.reduce((all, one) => all + one, 0);
  const dot = (query, key) => sum(query.map((number, i) => number * key[i]));

  // Forbidden scores weigh 0, as do all where nothing is allowed.
  function softmax(scores, where = scores.map(() => true)) {
    const allowed = scores.map((score, j) => where[j] ? score : -Infinity);
    const highest = Math.max(...allowed);
    if (highest === -Infinity) return scores.map(() => 0);
    const powers = allowed.map(score => Math.exp(score - highest));
    const total = sum(powers);
    return powers.map(power => power / total);
  }

  // The mean of the values, vectors, with these weights.
  const context = (weights, values) =>
    values[0].map((_, axis) => sum(values.map((value, j) => weights[j] * value[axis])));

  // ---- what is shown -------------------------------------------------------------------------

  // As Python prints it: of 0.125, which lies halfway, the even digit. No minus before 0.00.
  function printed(number, digits = 2) {
    if (Number.isNaN(number)) return "NaN";
    const halves = number * 2 * 10 ** digits;
    const halfway = Number.isInteger(number * 1024) && Number.isInteger(halves) && halves % 2 !== 0;
    const text = halfway ? (2 * Math.round(halves / 4) / 10 ** digits).toFixed(digits)
      : number.toFixed(digits);
    return /^-[0.]*$/.test(text) ? text.slice(1) : text;
  }

  const shade = weight => Math.sqrt(weight || 0).toFixed(3);  // or all below 0.1 would look like 0
  const nameList = names =>
    names.length < 2 ? names.join("") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;

  function setText(element, text) {  // or what is read aloud would be read again
    if (element.textContent !== text) element.textContent = text;
  }

  const setAll = (element, attributes) => {
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  };

  // ---- the controls, each with its name in the state -----------------------------------------

  function valueOf(input) {
    if (input.type === "checkbox") return input.checked;
    if (input.type === "range") return JSON.parse(input.dataset.options)[input.value];
    return input.value;
  }

  function readControl(input, state) {
    if (input.type === "radio" && !input.checked) return;
    state[input.dataset.name] = valueOf(input);
    if (input.type !== "range") return;
    const shown = String(state[input.dataset.name]);
    input.setAttribute("aria-valuetext", shown);
    setText(input.closest(".slide").querySelector("output"), shown);
  }

  // Let all figures of a kind follow their controls: `start` gets a figure's card, its data and
  // the state that the controls keep, and returns what to call when the state has changed.
  function figures(kind, start) {
    document.addEventListener("DOMContentLoaded", () => {
      for (const card of document.querySelectorAll(`figure.${kind}`)) {
        const data = JSON.parse(card.querySelector("script").textContent);
        const inputs = [...card.querySelectorAll("[data-name]")], state = {};
        for (const input of inputs) {
          input.disabled = false;
          readControl(input, state);
        }
        const update = start(card, data, state);
        for (const input of inputs) {
          input.addEventListener("input", () => {
            readControl(input, state);
            update();
          });
        }
        update();
      }
    });
  }

  // Let the arrow keys walk over the cells of a grid; one of them is where the tab key stops.
  function walk(cells, columns, onFocus) {
    const go = place => {
      cells.forEach((cell, k) => { cell.tabIndex = k === place ? 0 : -1; });
      cells[place].focus();
    };
    cells.forEach((cell, place) => {
      cell.addEventListener("focus", () => onFocus(place));
      cell.addEventListener("keydown", event => {
        const first = place - place % columns, last = first + columns - 1;
        const next = { ArrowUp: place - columns, ArrowDown: place + columns, Home: first,
          ArrowLeft: Math.max(place - 1, first), ArrowRight: Math.min(place + 1, last),
          End: last }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        if (cells[next]) go(next);
      });
    });
    return go;
  }

  // Let a part of a drawing be dragged, or moved by the arrow keys; `move` gets a place in the
  // drawing's own units, or a step of the keys.
  function draggable(handle, drawing, { to, by }) {
    const place = event => {
      const at = new DOMPoint(event.clientX, event.clientY);
      return at.matrixTransform(drawing.getScreenCTM().inverse());
    };
    handle.addEventListener("pointerdown", event => {
      handle.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true });
      event.preventDefault();
    });
    handle.addEventListener("pointermove", event => {
      if (handle.hasPointerCapture(event.pointerId)) to(place(event));
    });
    handle.addEventListener("keydown", event => {
      const size = event.shiftKey ? 5 : 1;
      const step = { ArrowLeft: [-size, 0], ArrowRight: [size, 0],
        ArrowUp: [0, size], ArrowDown: [0, -size] }[event.key];
      if (!step) return;
      event.preventDefault();
      by(...step);
    });
  }

  return { sum, dot, softmax, context, printed, shade, nameList, setText, setAll, figures, walk,
    draggable };
})();
