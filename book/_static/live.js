/* The figure that `figures.live` writes: type a number, see what a trained model says to it, and
   all its attention. `figures.live` writes the first state in the same way. */
"use strict";

(() => {
  const { END, models, run, load } = engine, { numberWords, numberFrom } = numberNames;
  const { escape, spoken } = maps, LATER = "not said yet";

  // ---- the figure ----------------------------------------------------------------------------

  function figure(card) {
    const data = JSON.parse(card.querySelector("script").textContent);
    const part = Object.fromEntries(["reads", "says", "verdict"]
      .map(name => [name, card.querySelector(`.${name}`)]));
    const input = card.querySelector("input[type=text]");
    const radios = [...card.querySelectorAll("input[type=radio]")];
    const [first, second] = data.languages;
    const board = maps.board(card, { id: data.id, hint: data.hint });
    let state = data.start, head = data.head, turn = 0;

    // -- what it says

    function draw() {
      part.reads.innerHTML = maps.words(state.source, "source", first);
      part.says.innerHTML = maps.words([...state.said, "(end)"], "said", second);
      part.verdict.innerHTML = verdict();
      board.draw(data.kinds.map(mapOf));
    }

    function mapOf(kind) {
      const { rows, columns, heads } = state.maps[kind.name];
      const weights = heads[Math.min(head, heads.length - 1)];
      const isLater = (i, j) => kind.name === "decoder" && j > i;
      return { ...kind, rows, columns, weights: weights.map((row, i) =>
        row.map((weight, j) => isLater(i, j) ? LATER : weight)) };
    }

    function verdict() {
      if (!state.right) return `<span class="unsure">no number has these words</span>`;
      const isRight = state.right.join(" ") === state.said.join(" ");
      if (isRight) return `<span class="right">✓ right</span>`;
      const shown = state.right.map(word => spoken(word, second)).join(" ");
      return `<span class="wrong">✗ wrong, it is:</span> ${shown}`;
    }

    // -- what is typed

    function complain(text) {
      input.setAttribute("aria-invalid", Boolean(text));
      card.querySelector(".trouble").innerHTML = text;
    }

    function read(text, model) {
      const plain = text.trim(), letters = first === "de", [least, most] = data.range;
      const [from, to] = [least, most].map(n => n.toLocaleString("en"));
      const range = `a whole number from ${from} to ${to}`;
      if (!plain) return { trouble: `Type ${range}, or number words.` };
      if (/\d/.test(plain)) {
        const n = /^(\d+|\d{1,3}([\s,.'’]\d{3})+)$/.test(plain) ? +plain.replace(/\D/g, "") : NaN;
        if (!(n >= least && n <= most)) {
          return { trouble: `It has learned no ${escape(plain)}: type ${range}.` };
        }
        return { words: numberWords(n, first), right: numberWords(n, second) };
      }
      const words = letters ? [...plain] : plain.toLowerCase().split(/[\s-]+/).filter(Boolean);
      const tokens = letters ? "letters" : "words", known = model.source.slice(END + 1);
      const strange = words.find(word => !known.includes(word));
      if (strange) {
        const list = known.map(escape).join(letters ? "" : ", ");
        return { trouble: `It has never read “${escape(strange)}”. It knows the ${tokens} ` +
          `<i lang="${first}">${list}</i>.` };
      }
      if (words.length > data.longest) {
        return { trouble: `It has read no more than ${data.longest} ${tokens}.` };
      }
      const n = numberFrom(words, first);
      return { words, right: n === undefined ? undefined : numberWords(n, second) };
    }

    async function answer() {
      const own = ++turn;
      let model = models[data.model];
      if (!model) {
        try {
          model = await load(data.model);
        } catch {
          return complain("The model's numbers did not arrive: its file is missing.");
        }
        if (own !== turn) return;  // something else was typed meanwhile
      }
      const { words, right, trouble } = read(input.value, model);
      complain(trouble ?? "");
      if (trouble) return;
      state = { ...run(model, words), right };
      draw();
    }

    input.addEventListener("focus", () => load(data.model).catch(() => {}), { once: true });
    input.addEventListener("input", answer);
    for (const radio of radios) {
      radio.addEventListener("change", () => {
        head = +radio.value;
        board.draw(data.kinds.map(mapOf), true);
      });
    }
    for (const element of [input, ...radios]) element.disabled = false;
    draw();
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("figure.live").forEach(figure));
})();
