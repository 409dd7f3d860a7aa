/* A query among keys in the plane: drag them. `figures.plane` writes the first state. */
"use strict";

attend.figures("plane", (card, data, state) => {
  const { dot, softmax, context, printed, setText, setAll, draggable } = attend;
  const all = selector => [...card.querySelectorAll(selector)];
  const drawing = card.querySelector("svg"), say = card.querySelector(".say");
  const handles = all("[role=slider]"), keys = all("g.key"), query = card.querySelector("g.query");
  const falls = all(".fall"), feet = all(".foot"), rows = all("tbody tr");
  const points = [...data.keys, data.query].map(point => [...point]);  // the query is the last
  const { unit, edge, names } = data;
  let seen = null;

  const at = point => [point[0] * unit, -point[1] * unit].map(number => +number.toFixed(1));
  const move = ([x, y]) => `translate(${x}, ${y})`;

  function update() {
    const q = points.at(-1), places = points.slice(0, -1);
    const divisor = state.temperature * (state.scaled ? Math.SQRT2 : 1);
    const products = places.map(key => dot(q, key));
    const scores = products.map(product => product / divisor);
    const weights = softmax(scores), output = context(weights, places);

    places.forEach((key, j) => {
      const along = products[j] / (dot(q, q) || 1), foot = at(q.map(number => number * along));
      setAll(falls[j], { d: `M${at(key).join(" ")}L${foot.join(" ")}` });
      setAll(feet[j], { cx: foot[0], cy: foot[1] });
      setAll(keys[j].querySelector(".weight"), { r: (28 * Math.sqrt(weights[j])).toFixed(1) });
      const [, product, score, weight, bar] = rows[j].children;
      setText(product, printed(products[j]));
      setText(score, printed(scores[j]));
      setText(weight, printed(weights[j]));
      bar.firstChild.style.setProperty("--w", weights[j].toFixed(3));
    });
    handles.forEach((handle, k) => {
      const [x, y] = points[k];
      setAll(handle, { transform: move(at(points[k])), "aria-valuenow": x,
        "aria-valuetext": `${printed(x, 1)}, ${printed(y, 1)}` });
    });
    const [x, y] = at(q), far = 10 / (Math.hypot(...q) || 1);
    const [toX, toY] = [x, y].map(number => (number * far).toFixed(1));
    setAll(card.querySelector(".line"), { d: `M${-toX} ${-toY}L${toX} ${toY}` });
    setAll(card.querySelector(".arrow"), { d: `M0 0L${x} ${y}` });
    setAll(card.querySelector(".output"), { transform: move(at(output)) });
    setText(card.querySelector(".mean b"), `(${output.map(number => printed(number)).join(", ")})`);
    tell(products, weights);
  }

  // The part that was moved last, in words: a score is a projection times a length.
  function tell(products, weights) {
    const q = points.at(-1), length = Math.hypot(...q);
    if (seen === null) return setText(say, data.hint);
    if (handles[seen] === query) {
      return setText(say, `The query (${q.map(number => printed(number, 1)).join(", ")}) is ` +
        `${printed(length)} long. Most weight: ` +
        `${names[weights.indexOf(Math.max(...weights))]}, ${printed(Math.max(...weights))}.`);
    }
    const j = seen, foot = length ? products[j] / length : 0;
    setText(say, `On the query's line, ${names[j]} falls at ${printed(foot)}. Times the length ` +
      `${printed(length)}, that is q·k = ${printed(products[j])}. Weight ${printed(weights[j])}.`);
  }

  const snap = number => Math.max(-edge, Math.min(edge, Math.round(number * 10) / 10)) || 0;
  handles.forEach((handle, k) => {
    const set = (x, y) => {
      points[k] = [snap(x), snap(y)];
      update();
    };
    handle.addEventListener("focus", () => {
      seen = k;
      update();
    });
    draggable(handle, drawing, {
      to: ({ x, y }) => set(x / unit, -y / unit),
      by: (x, y) => set(points[k][0] + x / 10, points[k][1] + y / 10),
    });
  });
  return update;
});
