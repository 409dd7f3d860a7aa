/* Attention by hand: all of one query's arithmetic. Press a number, and what it was made of lights
   up. `figures.by_hand` writes the first state. */
"use strict";

attend.figures("by_hand", (card, data, state) => {
  const { sum, context, printed, setText, walk } = attend;
  const { words, queries, keys, values } = data, n = words.length;
  const rows = [...card.querySelectorAll("[data-step]")];
  const cells = rows.map(row => [...row.querySelectorAll("[role=gridcell]")]);
  const say = card.querySelector(".say"), root = Math.SQRT2;
  const [KEY, FIRST, SECOND, SCORE, SCALED, POWER, WEIGHT, VALUE, MIXED] = rows.keys();
  let seen = null, found = null;

  // ---- the numbers ---------------------------------------------------------------------------

  function arithmetic(query) {
    const products = [0, 1].map(axis => keys.map(key => query[axis] * key[axis]));
    const scores = keys.map((_, j) => products[0][j] + products[1][j]);
    const scaled = scores.map(score => score / root), powers = scaled.map(Math.exp);
    const total = sum(powers), weights = powers.map(power => power / total);
    const mixed = values.map((value, j) => value.map(number => weights[j] * number));
    return { rows: [keys, ...products, scores, scaled, powers, weights, values, mixed], total,
      context: context(weights, values) };
  }

  function shown(number, step) {
    const digits = step < SCALED || step === VALUE ? 0 : 2;
    return Array.isArray(number) ? `[${number.map(one => printed(one, digits)).join(", ")}]`
      : printed(number, digits);
  }

  // What a number was made of, in words, and the cells that hold it: [step, column].
  function origin(step, j) {
    const query = queries[words.indexOf(state.asks)], key = keys[j], word = words[j];
    const at = (row, column = j) => shown(found.rows[row][column], row);
    const all = row => words.map((_, column) => [row, column]);
    if (j === n) {
      const parts = row => words.map((_, column) => at(row, column)).join(" + ");
      return {
        [POWER]: () => [`The sum of the row: ${parts(POWER)} = ${printed(found.total)}.`,
          all(POWER)],
        [WEIGHT]: () => ["The weights of a query sum to 1: each was divided by the same sum.",
          all(WEIGHT)],
        [MIXED]: () => [`The context of ${state.asks}: ${parts(MIXED)} = ` +
          `${shown(found.context, MIXED)}.`, all(MIXED)],
      }[step]?.();
    }
    return [
      () => [`The key of ${word} is given: ${at(KEY)}.`, []],
      () => [`First number of the query times first number of the key of ${word}: ` +
        `${query[0]} · ${key[0]} = ${at(FIRST)}.`, [[KEY, j]]],
      () => [`Second number of the query times second number of the key of ${word}: ` +
        `${query[1]} · ${key[1]} = ${at(SECOND)}.`, [[KEY, j]]],
      () => [`The score of ${state.asks} with ${word}, q·k: ${at(FIRST)} + ${at(SECOND)} = ` +
        `${at(SCORE)}.`, [[FIRST, j], [SECOND, j]]],
      () => [`Divided by the root of a key's width: ${at(SCORE)} / 1.414 = ${at(SCALED)}.`,
        [[SCORE, j]]],
      () => [`e = 2.718 to the power of ${printed(found.rows[SCALED][j], 4)}: ` +
        `${at(POWER)}.`, [[SCALED, j]]],
      () => [`The weight of ${word}, its share of the sum: ${at(POWER)} / ` +
        `${printed(found.total)} = ${at(WEIGHT)}.`, [[POWER, j], [POWER, n]]],
      () => [`The value of ${word} is given: ${at(VALUE)}.`, []],
      () => [`Weight times value: ${printed(found.rows[WEIGHT][j], 4)} · ${at(VALUE)} = ` +
        `${at(MIXED)}.`,
        [[WEIGHT, j], [VALUE, j]]],
    ][step]();
  }

  // ---- the drawing ---------------------------------------------------------------------------

  function update() {
    const query = queries[words.indexOf(state.asks)];
    found = arithmetic(query);
    setText(card.querySelector(".asks b"), shown(query, KEY));
    found.rows.forEach((numbers, step) => {
      numbers.forEach((number, j) => setText(cells[step][j], shown(number, step)));
    });
    setText(cells[POWER][n], printed(found.total));
    setText(cells[MIXED][n], shown(found.context, MIXED));
    setText(card.querySelector(".context b"), state.asks);
    setText(card.querySelector(".found"), shown(found.context, MIXED));
    show();
  }

  function show() {
    const places = seen === null ? [] : seen.j === undefined
      ? words.map((_, j) => [seen.step, j]) : [[seen.step, seen.j]];
    const told = places.map(([step, j]) => origin(step, j)).filter(Boolean);
    const from = told.flatMap(([, cells]) => cells).map(String);
    const here = told.length ? places.map(String) : [];
    cells.forEach((row, step) => row.forEach((cell, j) => {
      cell.classList.toggle("from", from.includes(`${step},${j}`));
      cell.classList.toggle("here", here.includes(`${step},${j}`));
    }));
    card.querySelector(".asks").classList.toggle("from",
      [FIRST, SECOND].includes(seen?.step) && told.length > 0);
    setText(say, told.map(([text]) => text).join(" ") || data.hint);
  }

  function see(step, j) {
    seen = step === null ? null : { step, j };
    show();
  }

  const go = walk(cells.flat(), n + 1, place =>
    see(Math.floor(place / (n + 1)), place % (n + 1)));
  cells.flat().forEach((cell, place) => {
    cell.addEventListener("click", () => go(place));
    cell.addEventListener("keydown", event => event.key === "Escape" && see(null));
  });
  rows.forEach((row, step) => {
    row.querySelector("button").addEventListener("click", () => see(step));
  });
  return update;
});
