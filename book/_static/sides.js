/* The figure that `figures.sides` writes: several trained models answer what is typed, side by
   side. Where that is offered, a cell of a map that is pressed forbids that look. `figures.sides`
   writes the first state in the same way. */
"use strict";

(() => {
  const TEXT = {
    right: "✓ right",
    wrong: "✗ wrong: {kept} of {all} {tokens} right",
    more: ", {count} too many",
    unknown: "no number has these words",
    forbidden: "forbidden",
  };
  const { models, run } = engine, { spoken } = maps;
  const plain = (words, language) =>
    words.map(word => `<span>${spoken(word, language)}</span>`).join("");
  const filled = (name, parts) => TEXT[name].replace(/\{(\w+)\}/g, (_, part) => parts[part]);

  // Which of the words said are right. In a number, these are the longest row of words that it
  // shares with the right one: what is missing doesn't make all that follows wrong. Else its place
  // decides.
  function kept(said, right, data) {
    if (!right) return said.map(() => true);
    if (!data.range) return said.map((word, i) => word === right[i]);
    const best = Array.from({ length: said.length + 1 }, () => Array(right.length + 1).fill(0));
    for (let i = said.length - 1; i >= 0; i--) {
      for (let j = right.length - 1; j >= 0; j--) {
        best[i][j] = said[i] === right[j] ? best[i + 1][j + 1] + 1
          : Math.max(best[i + 1][j], best[i][j + 1]);
      }
    }
    let j = 0;
    return said.map((word, i) => {
      while (j < right.length && word !== right[j] && best[i][j + 1] >= best[i][j]) j++;
      const same = word === right[j];
      if (same) j++;
      return same;
    });
  }

  function verdict(said, right, data) {
    if (!right) return data.range ? `<span class="unsure">${TEXT.unknown}</span>` : "";
    if (said.join(" ") === right.join(" ")) return `<span class="right">${TEXT.right}</span>`;
    const count = kept(said, right, data).filter(Boolean).length;
    const more = said.length - right.length, { tokens } = data;
    return `<span class="wrong">${filled("wrong", { kept: count, all: right.length, tokens })}` +
      `${more > 0 ? filled("more", { count: more }) : ""}</span>`;
  }

  // With a map each word is a button that shows its row, without one it says how sure it is.
  function answerHTML({ said, sure }, right, data, side) {
    const fits = kept(said, right, data), hasMap = data.hint, [, language] = data.languages;
    return (hasMap ? [...said, "(end)"] : said).map((word, place) => {
      const wrong = fits[place] === false;
      const shown = spoken(word, language) + (wrong ? `<span class="unseen"> (wrong)</span>` : "");
      return hasMap ? `<button type="button"${wrong ? ` class="off"` : ""} data-side="${side}" ` +
        `data-place="${place}" aria-pressed="false">${shown}</button>`
        : `<span${wrong ? ` class="off"` : ""} style="--p:${sure[place].toFixed(2)}">${shown}</span>`;
    }).join("");
  }

  function figure(card) {
    const data = JSON.parse(card.querySelector("script").textContent);
    const [first, second] = data.languages, names = data.sides.map(({ name }) => name);
    const all = name => [...card.querySelectorAll(`.${name}`)], [allow] = all("allow");
    const board = data.hint && maps.board(card, { id: data.id, hint: data.hint,
      onPress: data.forbids ? press : undefined });
    let state = data.start, forbidden = names.map(() => new Set());

    function draw(keep) {
      const { source, right, answers } = state;
      all("reads")[0].innerHTML = board ? maps.words(source, "source", first)
        : plain(source, first);
      all("should")[0].innerHTML = plain(right ?? [], second);
      all("should")[0].closest(".line").hidden = !right;
      answers.forEach((answer, k) => {
        all("says")[k].innerHTML = answerHTML(answer, right, data, `said-${k}`);
        all("verdict")[k].innerHTML = verdict(answer.said, right, data);
      });
      if (board) drawMaps(keep);
    }

    function drawMaps(keep) {
      board.draw(state.answers.map(({ said, columns, weights }, k) => ({
        ...data.sides[k].map, rows: [...said, "(end)"], columns, weights: weights.map((row, i) =>
          row.map((weight, j) => forbidden[k].has(`${i} ${j}`) ? TEXT.forbidden : weight)),
      })), keep);
      forbidden.forEach((own, k) => own.forEach(cell => {
        const [i, j] = cell.split(" ").map(Number), { map } = data.sides[k];
        if (i < state.answers[k].weights.length) {
          board.cell({ map: map.name, i, j }).classList.add("cut");
        }
      }));
      if (allow) allow.disabled = forbidden.every(({ size }) => !size);
    }

    function answer(k) {
      const mask = (i, j) => !forbidden[k].has(`${i} ${j}`);
      const { said, sure, maps: { cross } } = run(models[names[k]], state.source, mask);
      return { said, sure, columns: cross.columns, weights: cross.heads[0] };
    }

    function answerAll(found) {
      state = { source: found.words, right: found.right };
      forbidden = names.map(() => new Set());
      state.answers = names.map((_, k) => answer(k));
      draw();
    }

    // Forbid the look of a cell, or allow it again.
    async function press(at) {
      const before = state;
      if (at.j === undefined || !await ready() || state !== before) return;
      const k = data.sides.findIndex(({ map }) => map.name === at.map), cell = `${at.i} ${at.j}`;
      if (!forbidden[k].delete(cell)) forbidden[k].add(cell);
      state.answers[k] = answer(k);
      draw(true);
      focus(board.cell(at));
    }

    function focus(box) {  // it has been drawn anew
      box.closest(".grid").querySelector("[tabindex='0']").tabIndex = -1;
      box.tabIndex = 0;
      box.focus();
    }

    allow?.addEventListener("click", () => {
      forbidden = names.map(() => new Set());
      state.answers = names.map((_, k) => answer(k));
      draw(true);
      card.querySelector("input").focus();  // the button has just lost its use
    });
    const ready = typed.listen(card, names, data, answerAll);
    draw();
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("figure.sides").forEach(figure));
})();
