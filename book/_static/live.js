/* The figure that `figures.live` writes: type a number, see what a trained model says to it, and
   all its attention. `figures.live` writes the first state in the same way. */
"use strict";

(() => {
  const { END, models, run, load } = engine, { numberWords, numberFrom } = numberNames;

  // ---- the map -------------------------------------------------------------------------------

  // What a reader sees, as text for HTML. `figures.live` writes the first state in the same way.
  const escape = text => text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);
  const printed = weight => weight.toFixed(2);
  const shade = weight => Math.sqrt(weight).toFixed(3);  // or all below 0.1 would look like 0
  const spoken = (text, language) => /^\(/.test(text) ? escape(text)
    : `<i lang="${language}">${escape(text === " " ? "␣" : text)}</i>`;

  const isLater = (kind, i, j) => kind === "decoder" && j > i;

  function mapHTML({ kind, title, asks, asked }, { rows, columns, heads }, head, id) {
    const weights = heads[Math.min(head, heads.length - 1)];
    const lines = rows.map((row, i) => {
      const cells = columns.map((_, j) => isLater(kind, i, j)
        ? `<span role="gridcell" class="later" tabindex="-1" aria-label="not said yet"></span>`
        : `<span role="gridcell" tabindex="${i + j ? -1 : 0}" ` +
          `style="--s:${shade(weights[i][j])}" aria-label="${printed(weights[i][j])}"></span>`);
      return `<div role="row"><span role="rowheader">${spoken(row, asks[1])}</span>` +
        `${cells.join("")}</div>`;
    });
    const heading = columns.map(column =>
      `<span role="columnheader"><b>${spoken(column, asked[1])}</b></span>`);
    const most = rows.map((row, i) => {
      const j = weights[i].indexOf(Math.max(...weights[i]));
      return `${escape(row)} looks most at ${escape(columns[j])} (${printed(weights[i][j])})`;
    });
    return `<div class="map ${kind}"><p class="title" id="${id}">${escape(title)}</p>` +
      `<p class="who">queries: ${asks[0]}<br>keys, values: ${asked[0]}</p>` +
      `<div class="scroll"><div class="grid" role="grid" ` +
      `aria-labelledby="${id}" aria-describedby="${id}-most" data-kind="${kind}" ` +
      `style="--rows:${rows.length};--columns:${columns.length}">` +
      `<div role="row"><span role="columnheader" class="corner">asks ↓<br>asked →</span>` +
      `${heading.join("")}</div>${lines.join("")}</div></div>` +
      `<p class="unseen" id="${id}-most">${most.join("; ")}.</p></div>`;
  }

  // ---- the figure ----------------------------------------------------------------------------

  function figure(card) {
    const data = JSON.parse(card.querySelector("script").textContent);
    const part = Object.fromEntries(["maps", "say", "reads", "says", "verdict"]
      .map(name => [name, card.querySelector(`.${name}`)]));
    const input = card.querySelector("input[type=text]");
    const radios = [...card.querySelectorAll("input[type=radio]")];
    const [first, second] = data.languages;
    let state = data.start, head = data.head, kept = null, turn = 0;

    // -- what it says

    function draw() {
      const words = (list, side, language) => list.map((word, i) =>
        `<button type="button" data-side="${side}" data-place="${i}" aria-pressed="false">` +
        `${spoken(word, language)}</button>`).join("");
      part.reads.innerHTML = words(state.source, "source", first);
      part.says.innerHTML = words([...state.said, "(end)"], "said", second);
      part.verdict.innerHTML = verdict();
      kept = null;
      drawMaps();
    }

    function drawMaps() {
      part.maps.innerHTML = data.kinds.map(kind =>
        mapHTML(kind, state.maps[kind.kind], head, `${data.id}-${kind.kind}`)).join("");
      fit();
      show(kept);
    }

    function verdict() {
      if (!state.right) return `<span class="unsure">no number has these words</span>`;
      const isRight = state.right.join(" ") === state.said.join(" ");
      if (isRight) return `<span class="right">✓ right</span>`;
      const shown = state.right.map(word => spoken(word, second)).join(" ");
      return `<span class="wrong">✗ wrong, it is:</span> ${shown}`;
    }

    // As large as there is room for, three maps side by side if that leaves them readable.
    function fit() {
      const pen = fit.pen ??= document.createElement("canvas").getContext("2d");
      pen.font = `12px ${getComputedStyle(card).fontFamily}`;
      const width = words => Math.max(...words.map(word => pen.measureText(word).width));
      const maps = data.kinds.map(({ kind }) => state.maps[kind]);
      const labels = maps.map(({ rows }) => Math.max(width(rows), 46) + 10);
      const room = part.maps.clientWidth, sum = list => list.reduce((all, one) => all + one, 0);
      const beside = (room - sum(labels) - 24 * (maps.length - 1) - 4) /
        sum(maps.map(({ columns }) => columns.length));
      const below = Math.min(...maps.map(({ columns }, k) =>
        (room - labels[k] - 4) / columns.length));
      const cell = beside >= 15 ? Math.min(beside, 36) : Math.max(15, Math.min(below, 36));
      part.maps.style.setProperty("--cell", `${Math.floor(cell * 4) / 4}px`);
      part.maps.style.setProperty("--top",
        `${Math.ceil(Math.max(...maps.map(({ columns }) => width(columns)), 30)) + 18}px`);
    }

    // -- what is pointed at: a cell {kind, i, j}, a row {kind, i}, or a word {side, place}

    // The words that ask in a map, and those that are asked; before what was said is the start.
    const asking = kind => kind === "encoder" ? "source" : "said";
    const asked = (kind, j) => kind === "decoder" ? `said ${j - 1}` : `source ${j}`;

    function rowOf(at, kind) {
      if (!at) return -1;
      if (at.side) return at.side === asking(kind) ? at.place : -1;
      return at.kind === kind ? at.i : -1;
    }

    function show(at) {
      const lit = new Set(), shades = new Map();
      for (const grid of part.maps.querySelectorAll(".grid")) {
        const { kind } = grid.dataset, i = rowOf(at, kind), j = i < 0 ? -1 : at.j ?? -1;
        light(grid, i, j);
        if (i >= 0) lit.add(`${asking(kind)} ${i}`);
        if (j >= 0) lit.add(asked(kind, j));
        else weightsOf(kind)[i]?.forEach((weight, k) => shades.set(asked(kind, k), weight));
      }
      for (const button of card.querySelectorAll(".words button")) {
        const { side, place } = button.dataset, name = `${side} ${place}`;
        button.classList.toggle("lit", lit.has(name));
        button.style.setProperty("--s", shade(shades.get(name) ?? 0));
        button.setAttribute("aria-pressed", kept?.side === side && kept.place === +place);
      }
      const text = at ? sentence(at) : data.hint;
      if (show.text !== text) part.say.innerHTML = show.text = text;  // or it is read out again
    }

    function light(grid, i, j) {
      grid.classList.toggle("picked", i >= 0);
      [...grid.children].forEach((line, y) => [...line.children].forEach((box, x) => {
        const inRow = i >= 0 && y === i + 1, inColumn = j >= 0 && x === j + 1;
        box.classList.toggle("lit", inRow || inColumn);
        box.classList.toggle("here", inRow && inColumn);
      }));
    }

    const weightsOf = kind =>
      state.maps[kind].heads[Math.min(head, state.maps[kind].heads.length - 1)];
    const kindOf = name => data.kinds.find(({ kind }) => kind === name);

    function sentence(at) {
      if (at.side) {
        return data.kinds.filter(({ kind }) => (kind === "encoder") === (at.side === "source"))
          .map(({ kind }) => rowSentence(kind, at.place)).join("<br>");
      }
      if (at.j === undefined) return rowSentence(at.kind, at.i);
      const { asks, asked } = kindOf(at.kind), { rows, columns } = state.maps[at.kind];
      const [row, column] = [spoken(rows[at.i], asks[1]), spoken(columns[at.j], asked[1])];
      return isLater(at.kind, at.i, at.j) ? `${row} cannot look at ${column}: it is not said yet`
        : `${row} looks at ${column}: <b>${printed(weightsOf(at.kind)[at.i][at.j])}</b>`;
    }

    function rowSentence(kind, i) {
      const { title, asks, asked } = kindOf(kind), { rows, columns } = state.maps[kind];
      const list = weightsOf(kind)[i].map((weight, j) => isLater(kind, i, j) ? ""
        : `<span class="pair">${spoken(columns[j], asked[1])} ${printed(weight)}</span>`);
      return `<small>${escape(title)}:</small> ${spoken(rows[i], asks[1])} looks at ` +
        list.filter(Boolean).join(", ");
    }

    function cellAt(target) {
      const box = target.closest(".grid [role]"), line = box?.closest("[role=row]");
      if (!line || box === line) return null;
      const grid = line.parentElement, i = [...grid.children].indexOf(line) - 1;
      const j = [...line.children].indexOf(box) - 1;
      if (i < 0) return null;
      return { kind: grid.dataset.kind, i, ...(j >= 0 && { j }), box };
    }

    part.maps.addEventListener("pointerover", event => {
      const at = cellAt(event.target), between = event.target.closest(".grid");
      if (at || !between) show(at ?? kept);
    });
    part.maps.addEventListener("pointerleave", () => show(kept));
    part.maps.addEventListener("click", event => {
      const at = cellAt(event.target);
      show(kept = at);
      if (at?.j !== undefined) focus(at.box);
    });
    part.maps.addEventListener("focusin", event => show(kept = cellAt(event.target)));
    part.maps.addEventListener("keydown", event => {
      const at = cellAt(event.target);
      if (!at) return;
      if (event.key === "Escape") return show(kept = null);
      const { rows, columns } = state.maps[at.kind];
      const [i, j] = { ArrowUp: [at.i - 1, at.j], ArrowDown: [at.i + 1, at.j],
        ArrowLeft: [at.i, at.j - 1], ArrowRight: [at.i, at.j + 1],
        Home: [at.i, 0], End: [at.i, columns.length - 1] }[event.key] ?? [];
      if (i === undefined) return;
      event.preventDefault();
      if (i >= 0 && j >= 0 && i < rows.length && j < columns.length) {
        focus(at.box.closest(".grid").children[i + 1].children[j + 1]);
      }
    });

    function focus(box) {  // one cell of a map is where the tab key stops
      box.closest(".grid").querySelector("[tabindex='0']").tabIndex = -1;
      box.tabIndex = 0;
      box.focus();
    }

    card.addEventListener("click", event => {
      const button = event.target.closest(".words button");
      if (!button) return;
      const { side, place } = button.dataset;
      const again = kept?.side === side && kept.place === +place;
      show(kept = again ? null : { side, place: +place });
    });

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
        drawMaps();
      });
    }
    for (const element of [input, ...radios]) element.disabled = false;
    new ResizeObserver(fit).observe(part.maps);
    draw();
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("figure.live").forEach(figure));
})();
