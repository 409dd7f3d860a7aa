/* The figure that `figures.live` writes: type a number, see what a trained model says to it, and
   all its attention. `figures.live` writes its first state. */
"use strict";

const live = (() => {
  const extensions = [];
  const { models, run } = engine, { spoken } = maps, LATER = "not said yet";

  function figure(card) {
    const data = JSON.parse(card.querySelector("script").textContent);
    const part = Object.fromEntries(["reads", "says", "verdict"]
      .map(name => [name, card.querySelector(`.${name}`)]));
    const radios = [...card.querySelectorAll(".ask input[type=radio]")];
    const [first, second] = data.languages;
    const board = maps.board(card, { ...data, onPress: at => own.press?.(at) });
    const own = { card, data, board, drawn: [],
      state: () => state, head: () => head };
    let state = data.start, head = data.head;

    function draw() {
      part.reads.innerHTML = maps.words(state.source, "source", first);
      part.says.innerHTML = maps.words([...state.said, "(end)"], "said", second);
      part.verdict.innerHTML = verdict();
      drawMaps();
    }

    function drawMaps(keep) {
      board.draw(data.kinds.map(mapOf), keep);
      own.drawn.forEach(after => after(state));
    }

    function mapOf(kind) {
      const { rows, columns, heads } = state.maps[kind.name];
      const weights = heads[Math.min(head, heads.length - 1)];
      return { ...own.kind?.(kind) ?? kind, rows, columns, weights: weights.map((row, i) =>
        row.map((weight, j) => columns[0] === "(start)" && j > i ? LATER : weight)) };
    }

    function verdict() {
      if (!state.right) {
        return data.range ? `<span class="unsure">no number has these words</span>` : "";
      }
      const isRight = state.right.join(" ") === state.said.join(" ");
      if (isRight) return `<span class="right">✓ right</span>`;
      const shown = state.right.map(word => spoken(word, second)).join(" ");
      return `<span class="wrong">✗ wrong, it is:</span> ${shown}`;
    }

    const ready = typed.listen(card, [data.model], data, ({ words, right }) => {
      state = { ...run(models[data.model], words, null, own.changes?.(words, right)), right };
      draw();
    });
    for (const radio of radios) {
      radio.addEventListener("change", () => {
        head = +radio.value;
        drawMaps(true);
      });
      radio.disabled = false;
    }
    own.answer = ready.again;

    extensions.forEach(begin => begin(own));
    draw();
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("figure.live").forEach(figure));

  return { extend: begin => extensions.push(begin) };
})();
