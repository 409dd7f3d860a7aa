/* A cell opens into its sum: the products of query and key, the score, the softmax over the row,
   and what the value adds to the answer. All numbers are those of the model that runs in the page;
   of each sum the largest five are shown, and the others together, rounded so that the lines add
   up. It adds to every live figure whose model has projections. */
"use strict";

const sums = (() => {
  const TEXT = {
    title: "{row} looks at {column}: {weight}",
    close: "close",
    products: "Query times key, number by number ({width} of each)",
    others: "the other {count} together",
    score: "score",
    scaled: "÷ √{width} = {root}",
    largest: "minus the row's largest, {largest}",
    power: "exponential",
    row: "The exponentials of the row",
    total: "their sum",
    weight: "weight: {power} ÷ {total}",
    values: "Weight times value, for the largest of the {width} numbers that are fetched: number {place}",
    fetched: "fetched",
    hint: "Press a cell, or Enter on it, to see how its number comes about.",
  };
  const [MOST, FEWEST_DIGITS, MOST_DIGITS] = [5, 3, 6];

  const filled = (name, parts) => TEXT[name].replace(/\{(\w+)\}/g, (_, part) => parts[part]);
  const rounded = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;
  const total = list => list.reduce((sum, one) => sum + one, 0);

  // The largest terms of a sum, and the others together; their rounded numbers add up to `sum`.
  function terms(values, sum, digits) {
    const order = values.map((_, place) => place)
      .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]));
    const shown = order.slice(0, MOST)
      .map(place => ({ place, value: rounded(values[place], digits) }));
    const count = order.length - shown.length;
    const rest = rounded(sum - total(shown.map(({ value }) => value)), digits);
    if (!count && rest) shown[0].value = rounded(shown[0].value + rest, digits);
    return { shown, count, rest };
  }

  // All lines of the sum behind a weight, with so many digits that they lead to what the map says.
  function behind(query, keys, values, j) {
    const width = query.length, root = Math.sqrt(width);
    const products = Array.from(query, (value, c) => value * keys[j][c]);
    const scores = keys.map(key => Array.from(query, (value, c) => value * key[c]));
    const scaled = scores.map(own => total(own) / root);
    const weights = engine.softmax(scaled);
    for (let digits = FEWEST_DIGITS; ; digits++) {
      const own = steps(digits);
      if (own.fits || digits === MOST_DIGITS) return { ...own, width, root, digits };
    }

    function steps(digits) {
      const score = rounded(total(products), digits);
      const largest = rounded(Math.max(...scaled), digits);
      const part = rounded(score / root, digits);
      const shifted = rounded(part - largest, digits);
      const power = rounded(Math.exp(shifted), digits);
      const powers = scaled.map((value, k) => k === j ? power
        : rounded(Math.exp(rounded(rounded(value, digits) - largest, digits)), digits));
      const whole = rounded(total(powers), digits);
      const weight = rounded(power / whole, 2);
      return { products: terms(products, score, digits), score, part, largest, shifted, power,
        powers: terms(powers, whole, digits), whole, weight,
        fits: weight.toFixed(2) === weights[j].toFixed(2), fetched: fetch(digits) };
    }

    // The entry of the answer that is largest, and what each value adds to it.
    function fetch(digits) {
      const answer = engine.attention([query], keys, values)[0];
      const sizes = Array.from(answer, Math.abs), place = sizes.indexOf(Math.max(...sizes));
      const added = values.map((value, k) => weights[k] * value[place]);
      return { place, sum: rounded(answer[place], digits),
        added: terms(added, rounded(answer[place], digits), digits) };
    }
  }

  function html(sum, { row, columns, language, j }) {
    const { digits, width } = sum, print = value => maps.printed(value, digits);
    const word = k => maps.spoken(columns[k], language);
    const line = (label, value, k, mark = "") =>
      `<li tabindex="0"${k === undefined ? "" : ` data-j="${k}"`}${mark && ` class="${mark}"`}>` +
      `<span>${label}</span> <b>${print(value)}</b></li>`;
    const list = ({ shown, count, rest }, label) =>
      shown.map(({ place, value }) => line(label(place), value,
        label === word ? place : j)).join("") +
      (count ? line(filled("others", { count }), rest) : "");
    return `<div class="sum"><button type="button" class="close">${TEXT.close}</button>` +
      `<p class="of">${filled("title",
        { row, column: word(j), weight: sum.weight.toFixed(2) })}</p>` +
      `<div class="steps"><div><p>${filled("products", { width })}</p><ol class="products">` +
      `${list(sum.products, place => `q<sub>${place + 1}</sub>k<sub>${place + 1}</sub>`)}` +
      `${line(TEXT.score, sum.score, j, "result")}` +
      `${line(filled("scaled", { width, root: +sum.root.toFixed(2) }), sum.part, j, "part")}` +
      `</ol></div>` +
      `<div><p>${TEXT.row}</p><ol class="powers">` +
      `${line(filled("largest", { largest: print(sum.largest) }), sum.shifted, j, "shifted")}` +
      `${line(TEXT.power, sum.power, j, "power")}` +
      `${list(sum.powers, word)}${line(TEXT.total, sum.whole, undefined, "result")}` +
      `<li tabindex="0" class="weight"><span>` +
      `${filled("weight", { power: print(sum.power), total: print(sum.whole) })}</span> ` +
      `<b>${sum.weight.toFixed(2)}</b></li></ol></div>` +
      `<div><p>${filled("values", { width, place: sum.fetched.place + 1 })}</p>` +
      `<ol class="values">${list(sum.fetched.added, word)}` +
      `${line(TEXT.fetched, sum.fetched.sum, undefined, "result")}</ol></div></div></div>`;
  }

  live.extend(figure => {
    const { card, board } = figure, place = document.createElement("div");
    place.className = "sums";
    place.setAttribute("aria-live", "polite");
    card.querySelector(".say").after(place);
    let opened = null;

    const isNumber = at => at?.j !== undefined &&
      typeof board.map(at.map).weights[at.i][at.j] === "number";

    async function open(at) {
      if (!isNumber(at)) return close();
      if (!figure.state().look) {
        await figure.answer();  // nothing has run yet; this draws the maps anew
        board.show(at, true);
        board.cell(at).focus({ preventScroll: true });
      }
      const state = figure.state(), many = state.maps[at.map].heads.length;
      const head = Math.min(figure.head(), many - 1);
      const { params, queries, keys, values } = state.look(at.map);
      if (!queries || head >= params.queries.length) return close();
      const map = board.map(at.map), row = maps.spoken(map.rows[at.i], map.asks[1]);
      const query = queries[head][at.i], seen = map.weights[at.i]
        .filter(value => typeof value === "number").length;
      const sum = behind(query, keys[head].slice(0, seen), values[head].slice(0, seen), at.j);
      place.innerHTML = html(sum, { row, columns: map.columns, language: map.asked[1], j: at.j });
      opened = at;
    }

    function close() {
      place.innerHTML = "";
      opened = null;
    }

    function letGo() {
      const at = opened;
      close();
      if (at) board.cell(at).focus();
    }

    figure.press = at => { open(at); };
    figure.drawn.push(close);
    place.addEventListener("click", event => event.target.closest(".close") && letGo());
    card.addEventListener("keydown", event => event.key === "Escape" && opened && letGo());
    for (const event of ["pointerover", "focusin"]) {
      place.addEventListener(event, ({ target }) => {
        const line = target.closest("[data-j]");
        if (line && opened) board.show({ ...opened, j: +line.dataset.j });
      });
    }
    place.addEventListener("pointerleave", () => opened && board.show(opened, true));
    figure.address?.("cell", {
      write: () => opened ? `${opened.map}-${opened.i + 1}-${opened.j + 1}` : "",
      read: text => {
        const [map, i, j] = text.split("-");
        const at = { map, i: i - 1, j: j - 1 };
        if (typeof board.map(map)?.weights[at.i]?.[at.j] !== "number") return;
        board.show(at, true);
        return open(at);
      },
    });
  });

  return { behind };
})();
