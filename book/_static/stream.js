/* The figure that `figures.streams` writes: a model that reads one sequence answers what is typed,
   and any of its looks can be cut. All heads of all blocks stand side by side; `figures.streams`
   writes the first state in the same way. */
"use strict";

(() => {
  const { END, START, causalMask, prefixMask, decoderOnly, ablateHead, softmax } = engine;
  const { escape, spoken, printed } = maps;
  const TEXT = {
    where: "{block} block, head {head}",
    cell: "{row} looks at {column}: <b>{value}</b>",
    row: "{row} looks at {pairs}",
    rest: "the others together {value}",
    later: "{row} cannot look at {column}",
    cut: "{row} may not look at {column}: that look is cut",
    silent: "this head is silent",
    most: "{row} looks most at {column} ({value})",
    whole: "with every look: {answer}",
    missing: "The model's numbers did not arrive: its file is missing.",
    nothing: { recall: "Type letters with numbers, such as T 18 E 23.", review: "Type a review." },
    unknown: "It has never read “{word}”. It knows {known}.",
    letters: "the letters {letters} and the numbers {numbers}",
    pairs: "A list has a letter, its number, a letter, its number: " +
      "“{word}” stands in a wrong place.",
    twice: "In its lists a letter or a number stands once: {word} is there twice.",
    ask: "Ask for letters of the list, such as {word}.",
    absent: "{word} is not in the list, so there is no number to find.",
    long: "It reads no more than {longest} words here.",
    number: "Type a number from 10 to 999,999,999,999.",
  };
  const BLOCKS = ["First", "Second", "Third", "Fourth"], LEVELS = 16;
  const MOST = 8, LEAST = .005;  // looks of a row that are read out, and how small one may be
  const MANY = 24, FEW = 11;  // places, from which on maps are larger; those of a number

  const filled = (text, parts) => text.replace(/\{(\w+)\}/g, (_, part) => parts[part]);

  // ---- what a reader sees, as text for HTML --------------------------------------------------

  // The cells of one map, as few paths: one for each step of the colour, from the page's ground.
  function cellsHTML(weights, allowed) {
    const steps = Array.from({ length: LEVELS + 1 }, () => "");
    weights.forEach((row, i) => {
      steps[0] += `M0 ${i}h${allowed[i].lastIndexOf(true) + 1}`;
      row.forEach((weight, j) => {
        const step = Math.round(Math.sqrt(weight) * LEVELS);
        if (step) steps[step] += `M${j} ${i}h.92`;
      });
    });
    return steps.map((path, step) => path &&
      `<path style="--s:${(step / LEVELS).toFixed(3)}" d="${path}"/>`).join("");
  }

  const nameHTML = (name, k) => `<span style="--k:${k}">${spoken(name, "")}</span>`;
  // Where there is no room for all names, only those that are pointed at are there.
  const namesHTML = (names, dense) => dense ? "" : names.map(nameHTML).join("");

  const rowNames = ({ rows, dense }, extra = "") => `<div class="names rows${extra}" ` +
    `aria-hidden="true"><div>${namesHTML(rows, dense)}</div></div>`;

  // Of a long sequence only the rows that answer: nobody listens to more.
  function mostHTML({ rows, columns, answers }, weights) {
    const places = rows.length > MANY ? answers.map(({ place }) => place) : [...rows.keys()];
    return places.map(i => {
      const j = weights[i].indexOf(Math.max(...weights[i])), value = printed(weights[i][j]);
      return filled(TEXT.most, { row: escape(rows[i]), column: escape(columns[j]), value });
    }).join("; ");
  }

  // Around what a target asks its source.
  const crossHTML = ({ prefix, rows: { length: n }, answers }) => answers.length < n - prefix ? ""
    : `<rect class="cross" y="${prefix - 0.5}" width="${prefix}" height="${n - prefix}"/>`;

  function headHTML(state, layer, head, id) {
    const weights = state.layers[layer][head], n = weights.length;
    const label = filled(TEXT.where, { block: BLOCKS[layer], head: head + 1 });
    const own = `${id}-${layer}-${head}`;
    return `<div class="head" data-layer="${layer}" data-head="${head}">` +
      `<button type="button" class="name" aria-pressed="false" ` +
      `aria-label="${label}: silent">head ${head + 1}</button>` +
      `<div class="names columns" aria-hidden="true">` +
      `${namesHTML(state.columns, state.dense)}</div>` +
      `<div class="ground" role="grid" aria-label="${label}" aria-describedby="${own}" ` +
      `aria-rowcount="${n}" aria-colcount="${n}">` +
      `<svg viewBox="0 -0.46 ${n} ${n}" aria-hidden="true">` +
      `${cellsHTML(weights, state.allowed)}${crossHTML(state)}<path class="cuts"/>` +
      `<rect class="lit" width="${n}" ` +
      `height="1" y="-9"/></svg><div role="row" aria-rowindex="1"><span role="gridcell" ` +
      `tabindex="0" aria-colindex="1" style="--i:0;--j:0" aria-label="` +
      `${printed(weights[0][0])}"></span></div></div>` +
      `<p class="unseen" id="${own}">${mostHTML(state, weights)}.</p></div>`;
  }

  function blocksHTML(state, id) {
    return state.layers.map((heads, layer) =>
      `<div class="block"><p class="title">${BLOCKS[layer]} block</p><div class="heads">` +
      heads.map((_, head) => (head % 2 ? "" : rowNames(state, head % 4 ? " second" : "")) +
        headHTML(state, layer, head, id)).join("") + "</div></div>").join("");
  }

  const wordsHTML = ({ columns }) => maps.words(columns, "column", "");

  const answersHTML = ({ answers }) => answers.map(({ place, asked, said, right, chance }) => {
    const sign = right === null ? "" : said === right ? " ✓" : ` ✗ it is ${escape(right)}`;
    const kind = right === null ? "" : said === right ? ' class="right"' : ' class="wrong"';
    return `<button type="button" data-side="row" data-place="${place}" aria-pressed="false">` +
      `${right === null ? "" : `${spoken(asked, "")} → `}<b>${escape(said)}</b> ` +
      `<small>${printed(chance)}</small><span${kind}>${sign}</span></button>`;
  }).join("");

  // What the answers come to, in a few words: to be compared with those after a cut.
  function summary({ answers }) {
    const [first] = answers;
    if (first.right === null) return `${escape(first.said)} ${printed(first.chance)}`;
    const count = answers.filter(({ said, right }) => said === right).length;
    return `${count} of ${answers.length} right`;
  }

  // ---- what the model makes of it ------------------------------------------------------------

  // Of a question {words, places of the answers, asked and right words, length of the prefix}:
  // what is said, and all maps. `without` holds what is taken away.
  function compute({ params, settings, source, target }, question, without) {
    const { words, places, rights, prefix } = question, n = words.length;
    const shared = source.join() === target.join(), first = shared ? 0 : source.length;
    const tokens = words.map((word, i) => word === "(start)" || word === "(reader)"
      ? first + START : i < prefix ? source.indexOf(word) : first + target.indexOf(word));
    const base = settings.mask === "prefix" ? prefixMask(prefix) : causalMask;
    const masks = Object.keys(params.stack).map((_, layer) => (i, j) =>
      base(i, j) && !without.cuts.has(`${i} ${j}`) && !isOfParts(without, prefix, i, j) &&
      !(without.before && layer === 0 && i - j === 1));
    const stack = [...without.silent].map(one => one.split(" ").map(Number))
      .filter(([layer]) => params.stack[`block_${layer}`])
      .reduce((kept, [layer, head]) => ablateHead(kept, layer, head), params.stack);
    const [logits, heads] = decoderOnly({ ...params, stack }, tokens, masks, settings);
    const answers = places.map((place, k) => {
      const chances = softmax(logits[place].subarray(first));
      const best = chances.indexOf(Math.max(...chances));
      return { place, asked: words[place], right: rights[k], chance: chances[best],
        said: target[best].replace("<end>", "(end)") };
    });
    const rows = words.map((word, i) => i < prefix ? word : words[i + 1]);
    for (const { place, said } of answers) rows[place] = said;
    const count = heads.length / params.stack.block_0.attention.queries.length;
    const allowed = words.map((_, i) => words.map((_, j) => base(i, j)));
    const layers = Array.from({ length: count }, (_, layer) =>
      heads.slice(layer * heads.length / count, (layer + 1) * heads.length / count));
    return { rows, columns: words, prefix, answers, allowed, layers };
  }

  // What is cut whole; a place keeps the look at itself.
  const side = (i, prefix) => i < prefix ? "source" : "target";
  const isOfParts = ({ parts }, prefix, i, j) =>
    i !== j && parts?.has(`${side(i, prefix)} asks ${side(j, prefix)}`);

  function readNumber([text]) {
    const n = text.replace(/[\s,._]/g, "");
    if (!/^[1-9]\d{1,11}$/.test(n)) return trouble(TEXT.number);
    const [french, english] = ["fr", "en"].map(language => numberNames.numberWords(+n, language));
    return { words: [...french, "(start)", ...english], rights: [...english, "(end)"],
      places: [...english, ""].map((_, k) => french.length + k), prefix: french.length };
  }

  const trouble = (text, parts = {}) => ({ trouble: filled(TEXT[text] ?? text,
    Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, escape(part)]))) });

  function readReview([text], { source }) {
    const words = text.toLowerCase().replace(/([.])/g, " $1 ").split(/[\s,]+/).filter(Boolean);
    if (!words.length) return trouble(TEXT.nothing.review);
    const known = source.slice(END + 1), strange = words.find(word => !known.includes(word));
    if (strange) return trouble("unknown", { word: strange, known: known.join(", ") });
    return { words: [...words, "(reader)"], places: [words.length], rights: [null],
      prefix: words.length };
  }

  function readRecall([listed, asked], { source }) {
    const split = text => text.toUpperCase().split(/[\s,;:=]+/).filter(Boolean);
    const list = split(listed), asks = split(asked), known = source.slice(END + 1);
    const isLetter = word => /^[A-Z]$/.test(word), letters = known.filter(isLetter);
    const numbers = known.filter(word => !isLetter(word));
    if (!list.length) return trouble(TEXT.nothing.recall);
    const strange = [...list, ...asks].find(word => !known.includes(word));
    if (strange) {
      const ends = all => `${all[0]} to ${all.at(-1)}`;
      const all = filled(TEXT.letters, { letters: ends(letters), numbers: ends(numbers) });
      return trouble("unknown", { word: strange, known: all });
    }
    const wrong = list.findIndex((word, i) => isLetter(word) === Boolean(i % 2));
    if (wrong >= 0) return trouble("pairs", { word: list[wrong] });
    if (list.length % 2) return trouble("pairs", { word: list.at(-1) });
    const twice = list.find((word, i) => list.indexOf(word) < i);
    if (twice) return trouble("twice", { word: twice });
    if (!asks.length) return trouble("ask", { word: list[0] });
    const absent = asks.find(word => !isLetter(word) || !list.includes(word));
    if (absent) return trouble("absent", { word: absent });
    const rights = asks.map(word => list[list.indexOf(word) + 1]);
    const questions = asks.flatMap((word, k) => [word, rights[k]]).slice(0, -1);
    return { words: [...list, "(start)", ...questions], rights, prefix: list.length,
      places: asks.map((_, k) => list.length + 1 + 2 * k) };
  }

  // ---- the figure ----------------------------------------------------------------------------

  function figure(card) {
    const data = JSON.parse(card.querySelector("script").textContent);
    const part = Object.fromEntries(["reads", "says", "whole", "maps", "say", "trouble"]
      .map(name => [name, card.querySelector(`.${name}`)]));
    const inputs = [...card.querySelectorAll("input[type=text]")];
    const radios = [...card.querySelectorAll("input[type=radio]")];
    const before = card.querySelector("button.before"), again = card.querySelector("button.again");
    const without = { cuts: new Set(), silent: new Set(), parts: new Set(), before: false };
    const read = { recall: readRecall, review: readReview, number: readNumber }[data.kind];
    const parts = [...card.querySelectorAll("button.part")];
    const many = data.kind === "number" ? FEW : MANY;
    let state = data.start, chosen = data.model, held = { ...data.held }, saying, turn = 0;
    let whole = summary(state);

    // -- what it says

    function draw() {
      state.dense = isDense();
      part.reads.innerHTML = wordsHTML(state);
      part.says.innerHTML = answersHTML(state);
      part.maps.innerHTML = blocksHTML(state, data.id);
      part.whole.innerHTML = [state.answers.length > 1 && summary(state),
        !isWhole() && filled(TEXT.whole, { answer: whole })].filter(Boolean).join(" · ");
      again.disabled = isWhole();
      before?.setAttribute("aria-pressed", without.before);
      parts.forEach(one => one.setAttribute("aria-pressed", without.parts.has(one.dataset.part)));
      if (!isWhole()) markCuts();
      card.classList.toggle("large", state.rows.length > many);
      const pixels = names =>
        `${Math.ceil(Math.max(...names.map(name => name.length)) * 6.8) + 12}px`;
      const { rows, columns } = state;
      const sizes = { "--n": rows.length, "--left": pixels(rows), "--top": pixels(columns) };
      Object.entries(sizes).forEach(([name, size]) => card.style.setProperty(name, size));
      held = held && { ...held, layer: Math.min(held.layer, state.layers.length - 1),
        i: Math.min(held.i, state.rows.length - 1) };
      if (held?.j >= state.rows.length) delete held.j;
      show(held);
    }

    const heads = () => [...part.maps.querySelectorAll(".head")];
    const of = head => [+head.dataset.layer, +head.dataset.head];

    const isCut = (layer, i, j) => without.cuts.has(`${i} ${j}`) ||
      isOfParts(without, state.prefix, i, j) ||
      without.before && layer === 0 && i - j === 1;

    function markCuts() {
      for (const head of heads()) {
        const [layer] = of(head), isSilent = without.silent.has(of(head).join(" "));
        let path = "";
        state.allowed.forEach((row, i) => row.forEach((may, j) => {
          if (may && isCut(layer, i, j)) path += `M${j + .2} ${i - .25}l.5 .5m0-.5l-.5 .5`;
        }));
        head.querySelector(".cuts").setAttribute("d", path);
        head.classList.toggle("silent", isSilent);
        head.querySelector(".name").setAttribute("aria-pressed", isSilent);
      }
    }

    const isWhole = () => !without.cuts.size && !without.silent.size && !without.parts.size &&
      !without.before;

    // Whether there is no room for the names of all rows.
    function isDense() {
      const n = state.rows.length, isNarrow = matchMedia("(max-width: 36rem)").matches;
      const beside = (isNarrow ? 2 : 4) / (n > many ? 2 : 1);
      return (part.maps.clientWidth - 50) / beside - 12 < 12.5 * n;
    }

    // -- what is pointed at: {layer, head, i} with a cell's j; nothing is null

    function show(at) {
      for (const head of heads()) {
        const [layer, own] = of(head), isHere = at?.layer === layer && at.head === own;
        head.classList.toggle("here", isHere);
        head.querySelector(".lit").setAttribute("y", at ? at.i - .46 : -9);
        light(head.querySelector(".columns"), state.columns, isHere ? at.j : undefined);
        if (isHere) moveCell(head, at.i, at.j ?? 0);
      }
      for (const names of part.maps.querySelectorAll(".rows > div")) {
        light(names, state.rows, at?.i);
      }
      lightWords(at);
      const text = at ? sentence(at) : data.hint;
      if (saying !== text) part.say.innerHTML = saying = text;  // or it is read out again
    }

    function light(place, names, k) {
      if (state.dense) place.innerHTML = k === undefined ? "" : nameHTML(names[k], k);
      [...place.children].forEach((name, own) =>
        name.classList.toggle("lit", state.dense || own === k));
    }

    function moveCell(head, i, j) {
      const cell = head.querySelector("[role=gridcell]"), [layer, own] = of(head);
      cell.style.setProperty("--i", i);
      cell.style.setProperty("--j", j);
      cell.setAttribute("aria-colindex", j + 1);
      cell.parentElement.setAttribute("aria-rowindex", i + 1);
      cell.setAttribute("aria-label", plain(cellSentence({ layer, head: own, i, j })));
    }

    const plain = html => html.replace(/<[^>]*>/g, "");

    function lightWords(at) {
      const weights = at && state.layers[at.layer][at.head][at.i];
      for (const button of card.querySelectorAll(".words button")) {
        const { side, place } = button.dataset;
        const shade = weights && side === "column" ? Math.sqrt(weights[place]) : 0;
        button.style.setProperty("--s", shade.toFixed(3));
        button.classList.toggle("lit", side === "row" ? at?.i === +place : at?.j === +place);
        button.setAttribute("aria-pressed", held?.i === +place && held.j === undefined);
      }
    }

    const weightAt = ({ layer, head, i, j }) => state.layers[layer][head][i][j];

    function cellSentence(at) {
      const { layer, i, j } = at;
      const parts = { row: spoken(state.rows[i], ""), column: spoken(state.columns[j], ""),
        value: printed(weightAt(at)) };
      const text = !state.allowed[i][j] ? TEXT.later : isCut(layer, i, j) ? TEXT.cut : TEXT.cell;
      return filled(text, parts);
    }

    function rowSentence({ layer, head, i }) {
      const row = [...state.layers[layer][head][i]];
      const order = row.map((_, j) => j).filter(j => state.allowed[i][j])
        .sort((one, other) => row[other] - row[one]);
      const shown = order.slice(0, Math.max(1, Math.min(MOST,
        order.filter(j => row[j] >= LEAST).length)));
      const pairs = shown.map(j =>
        `<span class="pair">${spoken(state.columns[j], "")} ${printed(row[j])}</span>`);
      const rest = order.slice(shown.length).reduce((sum, j) => sum + row[j], 0);
      if (shown.length < order.length) pairs.push(filled(TEXT.rest, { value: printed(rest) }));
      return filled(TEXT.row, { row: spoken(state.rows[i], ""), pairs: pairs.join(", ") });
    }

    function sentence(at) {
      const where = filled(TEXT.where, { block: BLOCKS[at.layer], head: at.head + 1 });
      const silent = without.silent.has(`${at.layer} ${at.head}`) ? `${TEXT.silent}; ` : "";
      return `<small>${where}:</small> ${silent}` +
        (at.j === undefined ? rowSentence(at) : cellSentence(at));
    }

    function cellAt(event) {
      const ground = event.target.closest(".ground");
      if (!ground) return null;
      const box = ground.getBoundingClientRect(), n = state.rows.length;
      const within = part => Math.max(0, Math.min(n - 1, Math.floor(part * n)));
      const [layer, head] = of(ground.parentElement);
      return { layer, head, i: within((event.clientY - box.top) / box.height),
        j: within((event.clientX - box.left) / box.width) };
    }

    part.maps.addEventListener("pointermove", event => show(cellAt(event) ?? held));
    part.maps.addEventListener("pointerleave", () => show(held));
    part.maps.addEventListener("click", event => {
      const at = cellAt(event), name = event.target.closest(".name");
      if (name) return press(without.silent, of(name.parentElement).join(" "));
      if (!at) return;
      held = at;
      focus(at);
      cut(at);
    });
    part.maps.addEventListener("focusin", event => {
      const cell = event.target.closest("[role=gridcell]");
      if (!cell) return;
      const [layer, head] = of(cell.closest(".head")), { style } = cell;
      show(held = { layer, head, i: +style.getPropertyValue("--i"),
        j: +style.getPropertyValue("--j") });
    });
    part.maps.addEventListener("keydown", event => {
      if (!event.target.closest("[role=gridcell]") || !held) return;
      if (event.key === "Escape") return show(held = null);
      const { i, j } = held, last = state.rows.length - 1;
      const isPressed = event.key === "Enter" || event.key === " ";
      const [down, right] = { ArrowUp: [i - 1, j], ArrowDown: [i + 1, j], ArrowLeft: [i, j - 1],
        ArrowRight: [i, j + 1], Home: [i, 0], End: [i, last] }[event.key] ?? [];
      if (down === undefined && !isPressed) return;
      event.preventDefault();
      if (isPressed) return cut(held);
      const within = k => Math.max(0, Math.min(last, k));
      show(held = { ...held, i: within(down), j: within(right) });
    });

    const headOf = ({ layer, head }) => heads().find(one => of(one).join() === `${layer},${head}`);
    const focus = at => headOf(at).querySelector("[role=gridcell]").focus({ preventScroll: true });

    card.addEventListener("click", event => {
      const button = event.target.closest(".words button");
      if (!button) return;
      const i = +button.dataset.place, isAgain = held?.i === i && held.j === undefined;
      const { layer, head } = held ?? data.held;
      show(held = isAgain ? null : { layer, head, i });
    });

    // -- what is taken away

    function cut(at) {
      if (state.allowed[at.i][at.j]) press(without.cuts, `${at.i} ${at.j}`);
    }

    function press(set, name) {
      if (!set.delete(name)) set.add(name);
      return redo();
    }

    // The maps are drawn anew: what had the focus gets it back.
    async function redo() {
      const active = document.activeElement, head = active?.closest(".head");
      const place = head && of(head), isName = active?.classList.contains("name");
      await answer();
      if (!place) return;
      const own = headOf({ layer: Math.min(place[0], state.layers.length - 1), head: place[1] });
      own.querySelector(isName ? ".name" : "[role=gridcell]").focus({ preventScroll: true });
    }

    // -- what is typed

    function complain(text) {
      for (const input of inputs) input.setAttribute("aria-invalid", Boolean(text));
      part.trouble.innerHTML = text;
    }

    async function answer() {
      const own = ++turn, name = data.models[chosen];
      let model = engine.models[name];
      if (!model) {
        try {
          model = await engine.load(name);
        } catch {
          return complain(TEXT.missing);
        }
        if (own !== turn) return;  // something else was typed meanwhile
      }
      let question = read(inputs.map(input => input.value), model);
      if (question.words?.length > data.longest) {
        question = trouble("long", { longest: data.longest });
      }
      complain(question.trouble ?? "");
      if (question.trouble) return;
      const isSame = question.words.join(" ") === state.columns.join(" ");
      if (!isSame) {
        without.cuts.clear();  // they were places of another sequence
        const { layer, head } = held ?? data.held;
        held = { layer, head, i: question.places.at(-1) };
      }
      state = compute(model, question, without);
      const nothing = { cuts: new Set(), silent: [] };
      whole = summary(isWhole() ? state : compute(model, question, nothing));
      draw();
    }

    const preload = () => engine.load(data.models[chosen]).catch(() => {});
    for (const input of inputs) {
      input.addEventListener("focus", preload, { once: true });
      input.addEventListener("input", answer);
    }
    part.maps.addEventListener("pointerenter", preload, { once: true });
    for (const radio of radios) {
      radio.addEventListener("change", () => {
        chosen = +radio.value;
        answer();
      });
    }
    for (const button of card.querySelectorAll(".tries button[data-try]")) {
      button.addEventListener("click", () => {
        data.tries[+button.dataset.try].texts.forEach((text, k) => inputs[k].value = text);
        answer();
      });
    }
    before?.addEventListener("click", () => {
      without.before = !without.before;
      answer();
    });
    parts.forEach(one =>
      one.addEventListener("click", () => press(without.parts, one.dataset.part)));
    again.addEventListener("click", () => {
      without.cuts.clear();
      without.parts.clear();
      without.silent.clear();
      without.before = false;
      answer();
    });
    for (const element of card.querySelectorAll("input, .tries button")) element.disabled = false;
    new ResizeObserver(() => state.dense !== isDense() && draw()).observe(part.maps);
    draw();
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("figure.stream").forEach(figure));
})();
