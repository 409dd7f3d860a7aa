/* Trained models of the course that run in the page, and maps made of their numbers.

   First the engine: the formulas of `helpers`, by the same names and in the same order, for one
   sentence at a time. A row is a Float32Array, a matrix is an array of rows, and rows stand before
   matrices. Then the words of numbers, the map, and the figure that `figures.live` writes.
   It is a classic script, because browsers refuse modules in pages that are opened as files. */
"use strict";

const live = (() => {
  const [START, END] = [1, 2];

  // ---- helpers.functions ---------------------------------------------------------------------

  function multiply(x, matrix) {
    return x.map(row => {
      const out = new Float32Array(matrix[0].length);
      row.forEach((factor, k) => {
        const from = matrix[k];
        for (let c = 0; c < out.length; c++) out[c] += factor * from[c];
      });
      return out;
    });
  }

  const add = (x, y) => x.map((row, i) => row.map((value, c) => value + y[i][c]));
  const joined = (x, y) => x.map((row, i) => Float32Array.of(...row, ...y[i]));
  const everywhere = change => x => x.map(row => row.map(value => change(value)));

  function softmax(scores) {
    const highest = Math.max(...scores);
    const powers = scores.map(score => Math.exp(score - highest));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map(power => power / total);
  }

  function linear({ weight, bias }, x) {
    const out = multiply(x, weight);
    return bias ? out.map(row => row.map((value, c) => value + bias[c])) : out;
  }

  const embedding = (table, tokens) => tokens.map(token => table[token]);
  const tanh = everywhere(Math.tanh);
  const sigmoid = value => 1 / (1 + Math.exp(-value));
  const relu = everywhere(value => Math.max(0, value));
  const feedForward = (expand, shrink, x) => linear(shrink, relu(linear(expand, x)));

  function layerNorm({ scale, shift }, x, epsilon = 1e-5) {
    return x.map(row => {
      const mean = row.reduce((sum, value) => sum + value, 0) / row.length;
      const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length;
      return row.map((v, c) => (v - mean) / Math.sqrt(variance + epsilon) * scale[c] + shift[c]);
    });
  }

  // ---- helpers.attention ---------------------------------------------------------------------

  // One number for each pair of a query and a key.
  const pairs = (queries, keys, number) =>
    queries.map(query => Float32Array.from(keys, key => number(query, key)));

  function product(query, key) {
    let sum = 0;
    for (let c = 0; c < key.length; c++) sum += query[c] * key[c];
    return sum;
  }

  const dot = (queries, keys) => pairs(queries, keys, product);
  const scaledDot = (queries, keys) =>
    pairs(queries, keys, (query, key) => product(query, key) / Math.sqrt(key.length));
  const general = params => (queries, keys) => dot(multiply(queries, params.weight), keys);

  const additive = params => (queries, keys) => {
    const both = (query, key) => query.map((value, c) => Math.tanh(value + key[c]));
    return pairs(linear(params.queries, queries), linear(params.keys, keys),
      (query, key) => product(both(query, key), params.vector));
  };

  // No mask is needed: one sentence has no padding, and later words aren't there yet.
  const attentionWeights = (queries, keys, score = scaledDot) => score(queries, keys).map(softmax);
  const attention = (queries, keys, values, score) =>
    multiply(attentionWeights(queries, keys, score), values);

  function multiHeadAttention(params, queriesFrom, { keys, values }) {
    const queries = splitHeads(queriesFrom, params.queries);
    const weights = queries.map((own, head) => attentionWeights(own, keys[head]));
    const contexts = weights.map((own, head) => multiply(own, values[head]));
    return [joinHeads(contexts, params.output), weights];
  }

  const splitHeads = (x, weight) => weight.map(own => multiply(x, own));
  const joinHeads = (contexts, weight) =>
    contexts.map((context, head) => multiply(context, weight[head])).reduce(add);

  // helpers.cached: keys and values of all heads, put behind those that are there already.
  function keysValues(params, keysValuesFrom, cache = { keys: [], values: [] }) {
    const grown = name => splitHeads(keysValuesFrom, params[name])
      .map((own, head) => [...(cache[name][head] ?? []), ...own]);
    return { keys: grown("keys"), values: grown("values") };
  }

  // ---- helpers.positions ---------------------------------------------------------------------

  const sinusoidal = (position, width) => Float32Array.from({ length: width }, (_, c) => {
    const angle = position / 10000 ** ((c - c % 2) / width);
    return c % 2 ? Math.cos(angle) : Math.sin(angle);
  });

  function addPositions(params, x, name, start = 0) {
    const place = {
      sinusoidal: i => sinusoidal(i, x[0].length),
      learned: i => params.table[i],
    }[name];
    return place ? add(x, x.map((_, i) => place(start + i))) : x;
  }

  // ---- helpers.recurrent ---------------------------------------------------------------------

  function gruStep(params, x, state) {
    const width = state.length;
    const [fromInput] = linear({ weight: params.input, bias: params.input_bias }, [x]);
    const [fromState] = linear({ weight: params.recurrent, bias: params.recurrent_bias }, [state]);
    return state.map((old, c) => {
      const [r, u, h] = [c, width + c, 2 * width + c];
      const reset = sigmoid(fromInput[r] + fromState[r]);
      const update = sigmoid(fromInput[u] + fromState[u]);
      const candidate = Math.tanh(fromInput[h] + reset * fromState[h]);
      return (1 - update) * candidate + update * old;
    });
  }

  function gru(params, inputs, state = new Float32Array(params.recurrent.length)) {
    return inputs.map(x => state = gruStep(params, x, state));
  }

  // ---- helpers.transformer -------------------------------------------------------------------

  function sublayer(params, x, part, { norm = "pre", residual = true }) {
    const [change, weights] = part(norm === "pre" ? layerNorm(params, x) : x);
    const sum = residual ? add(x, change) : change;
    return [norm === "post" ? layerNorm(params, sum) : sum, weights];
  }

  function encoderBlock(params, x, options) {
    const itself = y => multiHeadAttention(params.attention, y, keysValues(params.attention, y));
    const each = y => [feedForward(params.expand, params.shrink, y)];
    const [seen, weights] = sublayer(params.attention_norm, x, itself, options);
    return [sublayer(params.feed_forward_norm, seen, each, options)[0], weights];
  }

  function decoderBlock(params, x, cache, options) {
    const itself = y => {
      cache.itself = keysValues(params.attention, y, cache.itself);
      return multiHeadAttention(params.attention, y, cache.itself);
    };
    const source = y => multiHeadAttention(params.cross, y, cache.memory);
    const each = y => [feedForward(params.expand, params.shrink, y)];
    const [seen, weights] = sublayer(params.attention_norm, x, itself, options);
    const [asked, crossWeights] = sublayer(params.cross_norm, seen, source, options);
    return [sublayer(params.feed_forward_norm, asked, each, options)[0], weights, crossWeights];
  }

  const blocks = params => Object.keys(params).filter(name => name.startsWith("block_"))
    .map(name => params[name]);

  function enter(params, embedded, positions, start) {
    const scaled = everywhere(value => value * Math.sqrt(embedded[0].length))(embedded);
    return addPositions(params.positions, scaled, positions, start);
  }

  const leave = (params, x) => params.norm ? layerNorm(params.norm, x) : x;

  function encoder(params, embedded, options) {
    let x = enter(params, embedded, options.positions), weights;
    const maps = [];
    for (const block of blocks(params)) {
      [x, weights] = encoderBlock(block, x, options);
      maps.push(...weights);
    }
    return [leave(params, x), maps];
  }

  // The new positions alone; what the old ones left is in the cache, which grows.
  function decoder(params, embedded, cache, options) {
    let x = enter(params, embedded, options.positions, cache.length), weights, crossWeights;
    const maps = [], crossMaps = [];
    blocks(params).forEach((block, i) => {
      [x, weights, crossWeights] = decoderBlock(block, x, cache.blocks[i], options);
      maps.push(...weights);
      crossMaps.push(...crossWeights);
    });
    cache.length += embedded.length;
    return [leave(params, x), maps, crossMaps];
  }

  // A model has read a source: a step from a token to the next one's logits, and its maps, each
  // kind -> heads -> rows. With every step the decoder's maps grow by a row.
  function transformer(params, source, options) {
    const read = embedding(params.source_embedding, source);
    const [memory, seen] = encoder(params.encoder, read, options);
    const cache = { length: 0, blocks: blocks(params.decoder)
      .map(block => ({ memory: keysValues(block.cross, memory) })) };
    const maps = { encoder: seen, decoder: [], cross: [] };
    const step = token => {
      const embedded = embedding(params.target_embedding, [token]);
      const [outputs, weights, cross] = decoder(params.decoder, embedded, cache, options);
      weights.forEach(([row], head) => (maps.decoder[head] ??= []).push(row));
      cross.forEach(([row], head) => (maps.cross[head] ??= []).push(row));
      return linear(params.output, outputs)[0];
    };
    return { step, maps };
  }

  // ---- helpers.seq2seq -----------------------------------------------------------------------

  // A GRU that looks before each step (attention inside).
  function attentiveStep(params, x, memory, state) {
    const [weights] = attentionWeights([state], memory, additive(params.score));
    const [context] = multiply([weights], memory);
    return [gruStep(params.gru, Float32Array.of(...x, ...context), state), context, weights];
  }

  function encode(params, source, options) {
    const read = embedding(params.source_embedding, source);
    const within = options.encoder === "self_attention";
    const [outputs, maps] = within ? encoder(params.encoder, read, options)
      : [gru(params.encoder, read)];
    const mean = (options.summary ?? (within ? "mean" : "last")) === "mean";
    const share = outputs.map((_, i) => mean ? 1 / outputs.length : +(i === outputs.length - 1));
    return [outputs, multiply([share], outputs)[0], maps];
  }

  const wire = (outputs, summary, attend) => attend ? outputs : [summary];
  const namedScore = (name, params) => ({
    dot: () => dot,
    scaled_dot: () => scaledDot,
    general: () => general(params.score),
    additive: () => additive(params.score),
  })[name]();

  function seq2seq(params, source, options) {
    const [outputs, summary, seen] = encode(params, source, options);
    const memory = wire(outputs, summary, options.attend);
    const maps = { ...(seen && { encoder: seen }), cross: [[]] };
    let state = summary;
    const step = token => {
      const [x] = embedding(params.target_embedding, [token]);
      let context, weights;
      if (options.attention === "inside") {
        [state, context, weights] = attentiveStep(params.decoder, x, memory, state);
      } else {
        state = gruStep(params.decoder, x, state);
        [weights] = attentionWeights([state], memory, namedScore(options.score, params));
        [context] = multiply([weights], memory);
      }
      maps.cross[0].push(weights);
      const hidden = tanh(linear(params.combine, joined([state], [context])));
      return linear(params.output, hidden)[0];
    };
    return { step, maps };
  }

  // ---- helpers.decoding ----------------------------------------------------------------------

  function greedy(step, start, end, limit = 60) {
    const said = [];
    for (let token = start; said.length <= limit; said.push(token)) {
      const logits = step(token);  // after the last word as well: its row belongs to the maps
      token = logits.indexOf(Math.max(...logits));
      if (token === end || said.length === limit) return said;
    }
  }

  // ---- models --------------------------------------------------------------------------------

  // What a trained model makes of a list of words, as `Trained.maps` does: what it says, and where
  // each row looks. Rows are named after the word that is said there.
  function run({ params, settings, source, target }, words) {
    const start = { transformer, recurrent: seq2seq }[settings.model];
    const { step, maps } = start(params, words.map(word => source.indexOf(word)), settings);
    const said = greedy(step, START, END).map(token => target[token]);
    const seen = settings.model === "recurrent" && !settings.attend ? ["(summary)"] : words;
    const rows = [...said, "(end)"], labels = {
      encoder: [words, words], decoder: [rows, ["(start)", ...said]], cross: [rows, seen],
    };
    const named = Object.entries(maps).map(([kind, heads]) => [kind, {
      rows: labels[kind][0],
      columns: labels[kind][1],
      heads: heads.map(head => head.map(row => labels[kind][1].map((_, j) => row[j] ?? 0))),
    }]);
    return { source: words, said, maps: Object.fromEntries(named) };
  }

  const folder = document.currentScript?.src, models = {}, arrivals = {};

  // The file of a model calls this. Its numbers are whole ones of 16 bits, times a scale an array.
  function arrive(name, { arrays, data, ...model }) {
    const bytes = Uint8Array.from(atob(data), letter => letter.charCodeAt(0));
    const whole = new Int16Array(bytes.buffer), params = {};
    let at = 0;
    for (const [path, shape, scale] of arrays) {
      const size = shape.reduce((all, n) => all * n, 1), places = path.split("/");
      const last = places.pop(), values = Float32Array.from(whole.subarray(at, at += size));
      const owner = places.reduce((part, place) => part[place] ??= {}, params);
      owner[last] = nested(values.map(value => value * scale), shape);
    }
    models[name] = { ...model, params };
  }

  function nested(values, [first, ...others]) {
    if (!others.length) return values;
    const size = values.length / first;
    return Array.from({ length: first }, (_, i) =>
      nested(values.subarray(i * size, (i + 1) * size), others));
  }

  // A script element also works where the page was opened as a file.
  function load(name) {
    return arrivals[name] ??= models[name] ? Promise.resolve(models[name])
      : new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = new URL(`live/${name}.js`, folder);
        script.onload = () => resolve(models[name]);
        script.onerror = () => {
          delete arrivals[name];  // another try may do better
          reject(new Error(`no ${script.src}`));
        };
        document.head.append(script);
      });
  }

  // ---- the words of numbers, as helpers.tasks.number_words says them -------------------------

  const WORDS = {
    en: "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen " +
      "fifteen sixteen seventeen eighteen nineteen",
    fr: "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze " +
      "seize dix_sept dix_huit dix_neuf",
    de: "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn " +
      "fünfzehn sechzehn siebzehn achtzehn neunzehn",
  };
  const TENS = {
    en: "twenty thirty forty fifty sixty seventy eighty ninety",
    fr: "vingt trente quarante cinquante soixante soixante quatre_vingt quatre_vingt",
    de: "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
  };
  const word = (language, n) => WORDS[language].split(" ")[n];
  const ten = (language, n) => TENS[language].split(" ")[n - 2];
  const spaced = (...parts) => parts.filter(Boolean).join("_");

  const BELOW_1000 = {
    en(n) {
      const [hundreds, rest] = [Math.floor(n / 100), n % 100];
      const small = rest < 20 ? rest && word("en", rest)
        : spaced(ten("en", Math.floor(rest / 10)), rest % 10 && word("en", rest % 10));
      const hundred = hundreds && `${word("en", hundreds)}_hundred`;
      return spaced(hundred, hundreds && rest && "and", small);
    },
    fr(n, last) {  // quatre vingts and deux cents have their s where no number follows
      const [hundreds, rest] = [Math.floor(n / 100), n % 100];
      let small = rest && word("fr", rest);
      if (rest > 19) {
        const tens = Math.floor(rest / 10), score = tens === 7 || tens === 9;
        const unit = rest - 10 * (score ? tens - 1 : tens);
        const and = (unit === 1 || unit === 11) && tens < 8 && "et";
        small = spaced(ten("fr", tens) + (rest === 80 && last ? "s" : ""), and,
          unit && word("fr", unit));
      }
      const cent = hundreds && (hundreds > 1 && !rest && last ? "cents" : "cent");
      return spaced(hundreds > 1 && word("fr", hundreds), cent, small);
    },
    de(n, last) {  // eins, but eintausend
      const [hundreds, rest] = [Math.floor(n / 100), n % 100], unit = rest % 10;
      const small = rest < 20 ? rest && word("de", rest)
        : (unit ? `${word("de", unit)}und` : "") + ten("de", Math.floor(rest / 10));
      const one = rest === 1 && (last || n > 1) && "s";
      return [hundreds && `${word("de", hundreds)}hundert`, small, one].filter(Boolean).join("");
    },
  };

  const NUMBER_WORDS = {
    en(n, groups) {
      const [billions, millions, thousands, rest] = groups.map(group => BELOW_1000.en(group));
      return spaced(billions && `${billions}_billion`, millions && `${millions}_million`,
        thousands && `${thousands}_thousand`, n > 999 && groups[3] < 100 && rest && "and", rest);
    },
    fr(n, [billions, millions, thousands, rest]) {
      const many = (group, name) =>
        group && `${BELOW_1000.fr(group, true)}_${name}${group > 1 ? "s" : ""}`;
      return spaced(many(billions, "milliard"), many(millions, "million"),
        thousands > 1 && BELOW_1000.fr(thousands, false), thousands && "mille",
        BELOW_1000.fr(rest, true));
    },
    de(n, [billions, millions, thousands, rest]) {
      const many = (group, name, end) => group &&
        (group > 1 ? `${BELOW_1000.de(group)} ${name}${end}` : `eine ${name}`);
      const small = (thousands ? `${BELOW_1000.de(thousands)}tausend` : "") +
        BELOW_1000.de(rest, true);
      return [many(billions, "Milliarde", "n"), many(millions, "Million", "en"), small]
        .filter(Boolean).join(" ");
    },
  };

  function numberWords(n, language) {
    const groups = [1e9, 1e6, 1e3, 1].map(unit => Math.floor(n / unit) % 1000);
    const said = NUMBER_WORDS[language](n, groups) || word(language, 0);
    return language === "de" ? [...said] : said.split("_");
  }

  // The number that has these words, or undefined if none has.
  function numberFrom(words, language) {
    const entry = n => [numberWords(n, language).join(" "), n];
    const all = numberFrom[language] ??= new Map([1, 1e3, 1e6, 1e9].flatMap(unit =>
      Array.from({ length: 1000 }, (_, k) => entry(k * unit))));
    let n = 0;
    for (let at = 0, to; at < words.length; at = to) {
      for (to = words.length; to > at && !all.has(words.slice(at, to).join(" ")); ) to--;
      if (to > at) n += all.get(words.slice(at, to).join(" "));
      else if (words[to++] !== " ") return undefined;
    }
    return numberWords(n, language).join(" ") === words.join(" ") ? n : undefined;
  }

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

  return {
    softmax, linear, layerNorm, attentionWeights, attention, multiHeadAttention, gruStep, gru,
    encoderBlock, decoderBlock, encoder, decoder, transformer, seq2seq, greedy,
    run, arrive, load, numberWords, numberFrom,
  };
})();
