/* The figure that `figures.live` writes: type a number, see what a trained model says to it, and
   all its attention. `figures.live` writes the first state in the same way.

   Other scripts add to it, by `live.extend(begin)`, before the page is there: begin(figure) is
   called for each figure, which has
     card, data, input   its element, what `figures.live` knows of it, and the field
     board, press        its maps; press(at, event) is called for a cell that is pressed
     changes(words, right)   which settings of the model to change, for what was typed
     kind(kind)          how a map is described, where changes make it another one
     answer()            run the model again; a promise
     state()             what is shown: source, said, right, maps, and, once it has run, look
     head(), pick(head)  which head is shown
     drawn               functions of that state, called after each drawing */
"use strict";

const live = (() => {
  const extensions = [];
  const { END, models, run, load } = engine, { numberWords, numberFrom } = numberNames;
  const { escape, spoken } = maps, LATER = "not said yet";

  // ---- the figure ----------------------------------------------------------------------------

  function figure(card) {
    const data = JSON.parse(card.querySelector("script").textContent);
    const part = Object.fromEntries(["reads", "says", "verdict"]
      .map(name => [name, card.querySelector(`.${name}`)]));
    const input = card.querySelector("input[type=text]");
    const radios = [...card.querySelectorAll(".ask input[type=radio]")];
    const [first, second] = data.languages;
    const board = maps.board(card,
      { id: data.id, hint: data.hint, onPress: (at, event) => own.press?.(at, event) });
    const own = { card, data, input, board, answer, drawn: [], changes: () => ({}),
      kind: kind => kind, state: () => state, head: () => head, pick };
    let state = data.start, head = data.head, turn = 0;

    // -- what it says

    function draw() {
      part.reads.innerHTML = maps.words(state.source, "source", first);
      part.says.innerHTML = maps.words([...state.said, "(end)"], "said", second);
      part.verdict.innerHTML = verdict();
      drawMaps();
      own.drawn.forEach(after => after(state));
    }

    const drawMaps = keep => board.draw(data.kinds.map(mapOf), keep);

    function mapOf(kind) {
      const { rows, columns, heads } = state.maps[kind.name];
      const weights = heads[Math.min(head, heads.length - 1)];
      const isLater = (i, j) => columns[0] === "(start)" && j > i;
      return { ...own.kind(kind), rows, columns, weights: weights.map((row, i) =>
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
      const mine = ++turn;
      let model = models[data.model];
      if (!model) {
        try {
          model = await load(data.model);
        } catch {
          return complain("The model's numbers did not arrive: its file is missing.");
        }
        if (mine !== turn) return;  // something else was typed meanwhile
      }
      const { words, right, trouble } = read(input.value, model);
      complain(trouble ?? "");
      if (trouble) return;
      state = { ...run(model, words, own.changes(words, right)), right };
      draw();
    }

    input.addEventListener("focus", () => load(data.model).catch(() => {}), { once: true });
    input.addEventListener("input", answer);
    for (const radio of radios) {
      radio.addEventListener("change", () => pick(+radio.value));
    }

    function pick(next) {
      head = next;
      for (const radio of radios) radio.checked = +radio.value === head;
      drawMaps(true);
      own.drawn.forEach(after => after(state));
    }

    for (const element of [input, ...radios]) element.disabled = false;
    extensions.forEach(begin => begin(own));
    draw();
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("figure.live").forEach(figure));

  return { extend: begin => extensions.push(begin) };
})();
