/* A soft look-up whose query one can drag. `figures.look_up` writes the first state. */
"use strict";

attend.figures("look_up", (card, data, state) => {
  const { softmax, context, printed, setText, setAll, draggable } = attend;
  const { marks, values, places } = data, [left, right, bottom, top] = data.frame;
  const [first, last, low, high] = data.ends;
  const handle = card.querySelector("[role=slider]"), drawing = card.querySelector("svg");
  const dots = [...card.querySelectorAll(".weight")], rows = [...card.querySelectorAll("tbody tr")];
  const [shownPlace, shownAnswer] = card.querySelectorAll(".answer b");
  let asked = data.asked, drawn = null;

  const across = place => left + (place - first) / (last - first) * (right - left);
  const up = value => bottom - (value - low) / (high - low) * (bottom - top);

  function lookUp(query) {
    const weights = softmax(marks.map(mark => -((query - mark) ** 2) / state.temperature));
    return [context(weights, values.map(value => [value]))[0], weights];
  }

  function drawCurve() {
    const points = places.map(place =>
      `${across(place).toFixed(1)} ${up(lookUp(place)[0]).toFixed(1)}`);
    setAll(card.querySelector(".curve"), { d: `M${points.join("L")}` });
    drawn = state.temperature;
  }

  function update() {
    if (drawn !== state.temperature) drawCurve();
    const [answer, weights] = lookUp(asked);
    const [x, y] = [across(asked), up(answer)].map(number => number.toFixed(1));
    setAll(card.querySelector(".asked"), { d: `M${x} ${top}V${bottom}` });
    setAll(handle, { transform: `translate(${x}, ${y})`, "aria-valuenow": asked,
      "aria-valuetext": `kilometre ${printed(asked, 1)}: ${printed(answer, 0)} m` });
    setText(shownPlace, printed(asked, 1));
    setText(shownAnswer, printed(answer, 0));
    weights.forEach((weight, j) => {
      setAll(dots[j], { r: (28 * Math.sqrt(weight)).toFixed(1) });
      setText(rows[j].children[2], printed(weight, 3));
      rows[j].querySelector("i").style.setProperty("--w", weight.toFixed(3));
    });
  }

  const set = place => {
    asked = Math.max(first, Math.min(last, Math.round(place * 10) / 10));
    update();
  };
  draggable(handle, drawing, {
    to: ({ x }) => set(first + (x - left) / (right - left) * (last - first)),
    by: (x, y) => set(asked + (x || y) / 10),
  });
  return update;
});
