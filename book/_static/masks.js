/* A mask that one can click: the weights and the sums of the rows follow. `figures.masks` writes
   the first state, and the sentences. */
"use strict";

attend.figures("masks", (card, data, state) => {
  const { softmax, sum, printed, shade, nameList, setText, walk } = attend;
  const rows = [...card.querySelectorAll(".grid > [role=row]")].slice(1);
  const cells = rows.map(row => [...row.querySelectorAll("[role=gridcell]:not(.sum)")]);
  const n = rows.length, flips = new Set();
  const say = card.querySelector(".say");
  let seen = null, chosen = "";

  // ---- the numbers ---------------------------------------------------------------------------

  const isSet = (i, j) => Boolean(data.mask[state.mask][i][j] & data.padding[state.padding][i][j])
    !== flips.has(i * n + j);
  const isAllowed = (i, j) => isSet(i, j) !== state.turned;

  function weightsOf(scores, allowed) {
    if (state.late) return softmax(scores).map((weight, j) => weight * allowed[j]);
    if (state.plain && !allowed.includes(true)) return scores.map(() => NaN);
    return softmax(scores, allowed);
  }

  // ---- the drawing ---------------------------------------------------------------------------

  function update() {
    const words = data.words[state.padding];
    if (chosen !== state.mask + state.padding) {  // another mask is as it was made
      flips.clear();
      chosen = state.mask + state.padding;
    }
    const empty = [], short = [];
    card.querySelectorAll("[role=columnheader]:not(.corner, .sum)")
      .forEach((heading, j) => setText(heading, words[j]));
    rows.forEach((row, i) => {
      const allowed = words.map((_, j) => isAllowed(i, j));
      const weights = weightsOf(data.scores[i], allowed), total = sum(weights);
      const kind = !allowed.includes(true) ? "empty" : total < 0.995 ? "short" : "";
      const name = `row ${i + 1} (${words[i].replace(/[()]/g, "")})`;
      if (kind) (kind === "empty" ? empty : short).push(name);
      row.className = kind;
      setText(row.querySelector("[role=rowheader]"), words[i]);
      setText(row.querySelector(".sum"), printed(total));
      cells[i].forEach((cell, j) => drawCell(cell, i, j, words, allowed[j], weights[j]));
    });
    setText(card.querySelector(".state"), verdict(empty, short));
    tell();
  }

  function drawCell(cell, i, j, words, allowed, weight) {
    const label = `${words[i]} asks ${words[j]}: ${allowed ? "allowed" : "forbidden"}, ` +
      printed(weight);
    attend.setAll(cell, { "aria-selected": isSet(i, j), "aria-label": label });
    cell.classList.toggle("forbidden", !allowed);
    cell.style.setProperty("--s", shade(weight));
    setText(cell.querySelector("b"), printed(weight));
    setText(cell.querySelector("small"), isSet(i, j) ? "1" : "0");
  }

  function verdict(empty, short) {
    const { fine, empty: nothing, late, turned } = data.sentences, said = [];
    if (state.turned) said.push(turned);
    if (state.late && short.length) said.push(late.replace("{rows}", nameList(short)));
    if (empty.length) {
      const names = nameList(empty);
      said.push(nothing.replace("{rows}", names[0].toUpperCase() + names.slice(1)));
    }
    return said.join(" ") || fine;
  }

  // ---- what is pointed at --------------------------------------------------------------------

  function tell() {
    if (seen === null) return setText(say, data.hint);
    const i = Math.floor(seen / n), j = seen % n, score = printed(data.scores[i][j], 1);
    setText(say, `${cells[i][j].getAttribute("aria-label")}. Its score is ${score}.`);
  }

  function point(place) {
    seen = place;
    tell();
  }

  function flip(place) {
    if (!flips.delete(place)) flips.add(place);
    update();
  }

  const go = walk(cells.flat(), n, point);
  cells.flat().forEach((cell, place) => {
    cell.addEventListener("click", () => {
      go(place);
      flip(place);
    });
    cell.addEventListener("pointerenter", () => point(place));
    cell.addEventListener("keydown", event => {
      if (event.key === "Escape") point(null);
      if (event.key !== " " && event.key !== "Enter") return;
      event.preventDefault();
      flip(place);
    });
  });
  return update;
});
