/* The engine: trained models of the course that run in the page.

   The formulas of `helpers`, by the same names and in the same order, for one sentence at a time.
   A row is a Float32Array, a matrix is an array of rows, and rows stand before matrices. What a
   figure's model needs is in ``live/NAME.js``, which `figures.live.packed` writes. The scripts of
   the pages are classic ones, because browsers refuse modules in pages opened as files. */
"use strict";

const engine = (() => {
  const [START, END] = [1, 2];

  // ---- helpers.functions ---------------------------------------------------------------------

  function multiply(x, matrix) {
    return x.map(row => {
      const out = new Float32Array(matrix[0].length);
      for (let k = 0; k < row.length; k++) {
        const factor = row[k], from = matrix[k];
        for (let c = 0; c < out.length; c++) out[c] += factor * from[c];
      }
      return out;
    });
  }

  // Loops, since the `map` of a Float32Array is several times slower.
  const everywhere = change => x => x.map((row, i) => {
    const out = new Float32Array(row.length);
    for (let c = 0; c < out.length; c++) out[c] = change(row[c], c, i);
    return out;
  });

  const add = (x, y) => everywhere((value, c, i) => value + y[i][c])(x);
  const joined = (x, y) => x.map((row, i) => Float32Array.of(...row, ...y[i]));

  function softmax(scores) {
    const highest = scores.reduce((one, other) => Math.max(one, other), -Infinity);
    if (highest === -Infinity) return scores.map(() => 0);  // a mask allows nothing
    const powers = scores.map(score => Math.exp(score - highest));
    const total = powers.reduce((sum, power) => sum + power, 0);
    return powers.map(power => power / total);
  }

  function linear({ weight, bias }, x) {
    const out = multiply(x, weight);
    return bias ? everywhere((value, c) => value + bias[c])(out) : out;
  }

  const embedding = (table, tokens) => tokens.map(token => table[token]);
  const tanh = everywhere(value => Math.tanh(value));
  const sigmoid = value => 1 / (1 + Math.exp(-value));
  const relu = everywhere(value => value > 0 ? value : 0);
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
  const pairs = (queries, keys, number) => queries.map(query => {
    const out = new Float32Array(keys.length);
    for (let j = 0; j < out.length; j++) out[j] = number(query, keys[j]);
    return out;
  });

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

  const location = params => (queries, keys) =>
    multiply(queries, params.weight).map(row => row.slice(0, keys.length));

  // A mask tells whether query i may attend to key j. A translation needs none: one sentence has
  // no padding, and later words aren't there yet.
  const causalMask = (i, j) => j <= i;
  const prefixMask = length => (i, j) => j < length || j <= i;

  function attentionWeights(queries, keys, mask, score = scaledDot) {
    const scores = score(queries, keys);
    const forbid = everywhere((value, j, i) => mask(i, j) ? value : -Infinity);
    return (mask ? forbid(scores) : scores).map(softmax);
  }

  const attention = (queries, keys, values, mask, score) =>
    multiply(attentionWeights(queries, keys, mask, score), values);

  function multiHeadAttention(params, queriesFrom, { keys, values }, mask, score = scaledDot) {
    const queries = splitHeads(queriesFrom, params.queries);
    const weights = queries.map((own, head) => attentionWeights(own, keys[head], mask,
      (some, others) => score(some, others, head, queries.length)));
    const contexts = weights.map((own, head) => multiply(own, values[head]));
    return [joinHeads(contexts, params.output), weights, queries];
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

  // Each pair of numbers is turned by an angle that grows with the position.
  const waves = [];  // of each width and position, or the same sines are needed in every head
  const rotate = (x, start = 0) => everywhere((value, c, i) => {
    const own = waves[x[0].length] ??= [], other = x[i][c ^ 1], even = c - c % 2;
    const turns = own[start + i] ??= sinusoidal(start + i, x[0].length);
    return value * turns[even + 1] + (c % 2 ? other : -other) * turns[even];
  })(x);

  const firstQuery = (queries, keys) => keys.length - queries.length;
  const rotary = (queries, keys) =>
    scaledDot(rotate(queries, firstQuery(queries, keys)), rotate(keys));

  function alibiSlope(head, heads) {
    const power = 2 ** Math.floor(Math.log2(heads));
    return 2 ** (head < power ? -8 / power * (head + 1) : -4 / power * (2 * (head - power) + 1));
  }

  function alibi(queries, keys, head, heads) {
    const first = firstQuery(queries, keys), slope = alibiSlope(head, heads);
    return everywhere((value, j, i) => {
      const back = first + i - j;
      return value - slope * (back >= 0 ? back : -2 * back);
    })(scaledDot(queries, keys));
  }

  const positionScore = name => ({ rotary, alibi })[name] ?? scaledDot;

  // ---- helpers.recurrent ---------------------------------------------------------------------

  // What a step makes of its input, and of its last state.
  const fromBoth = (params, x, state) => [
    linear({ weight: params.input, bias: params.input_bias }, [x])[0],
    linear({ weight: params.recurrent, bias: params.recurrent_bias }, [state])[0],
  ];

  function rnnStep(params, x, state) {
    const [fromInput, fromState] = fromBoth(params, x, state);
    return state.map((_, c) => Math.tanh(fromInput[c] + fromState[c]));
  }

  function gruStep(params, x, state) {
    const width = state.length, [fromInput, fromState] = fromBoth(params, x, state);
    return state.map((old, c) => {
      const [r, u, h] = [c, width + c, 2 * width + c];
      const reset = sigmoid(fromInput[r] + fromState[r]);
      const update = sigmoid(fromInput[u] + fromState[u]);
      const candidate = Math.tanh(fromInput[h] + reset * fromState[h]);
      return (1 - update) * candidate + update * old;
    });
  }

  function lstmStep(params, x, [hidden, cell]) {
    const width = hidden.length, [fromInput, fromState] = fromBoth(params, x, hidden);
    const gate = (k, c) => fromInput[k * width + c] + fromState[k * width + c];
    const next = cell.map((old, c) =>
      sigmoid(gate(1, c)) * old + sigmoid(gate(0, c)) * Math.tanh(gate(2, c)));
    return [next.map((value, c) => sigmoid(gate(3, c)) * Math.tanh(value)), next];
  }

  const zeros = params => new Float32Array(params.recurrent.length);
  const scan = (step, params, inputs, state) => inputs.map(x => state = step(params, x, state));
  const rnn = (params, inputs, state = zeros(params)) => scan(rnnStep, params, inputs, state);
  const gru = (params, inputs, state = zeros(params)) => scan(gruStep, params, inputs, state);
  const lstm = (params, inputs, state = [zeros(params), zeros(params)]) =>
    scan(lstmStep, params, inputs, state);
  const STEPS = { rnn: rnnStep, gru: gruStep, lstm: lstmStep };
  const shown = state => Array.isArray(state) ? state[0] : state;  // an LSTM has a cell as well

  // Outputs, and the last state of either direction.
  function bidirectional(params, inputs) {
    const forward = gru(params.forward, inputs);
    const backward = gru(params.backward, [...inputs].reverse()).reverse();
    const [last] = joined(forward.slice(-1), backward.slice(0, 1));
    return [joined(forward, backward), last];
  }

  // ---- helpers.transformer -------------------------------------------------------------------

  // Where queries, keys and values of the decoder's two attentions come from: the target so far
  // (t) or the source (s). An attention of "none" adds nothing.
  const WIRES = "ttt tss";

  // Besides what `helpers` knows, `without` lists parts that add nothing.
  function sublayer(params, x, part, { norm = "pre", residual = true }) {
    const [change, ...seen] = part(norm === "pre" ? layerNorm(params, x) : x);
    const sum = residual ? add(x, change) : change;
    return [norm === "post" ? layerNorm(params, sum) : sum, ...seen];
  }

  const nothing = everywhere(() => 0);
  const each = (params, isThere) => y =>
    [isThere ? feedForward(params.expand, params.shrink, y) : nothing(y)];
  const hasPart = (options, name) => !options.without?.includes(name);

  function encoderBlock(params, x, mask, options) {
    const itself = y => {
      const own = keysValues(params.attention, y), score = positionScore(options.positions);
      const [change, weights, queries] =
        multiHeadAttention(params.attention, y, own, mask, score);
      const isThere = hasPart(options, "encoder self-attention");
      return [isThere ? change : nothing(y), weights, { queries, ...own }];
    };
    const transform = each(params, hasPart(options, "encoder feed-forward"));
    const [seen, weights, vectors] = sublayer(params.attention_norm, x, itself, options);
    return [sublayer(params.feed_forward_norm, seen, transform, options)[0], weights, vectors];
  }

  function decoderBlock(params, x, cache, options) {
    const [own, other] = (options.wires ?? WIRES).split(" ");
    const score = own === "ttt" ? positionScore(options.positions) : undefined;
    const itself = y =>
      tapped(params.attention, y, cache.memory, own, cache.itself ??= {}, score);
    const source = y => tapped(params.cross, y, cache.memory, other, cache.source ??= {}, undefined,
      other === "tss" ? cache.mask : undefined);
    const transform = each(params, hasPart(options, "decoder feed-forward"));
    const [seen, weights] = sublayer(params.attention_norm, x, itself, options);
    const [asked, crossWeights] = sublayer(params.cross_norm, seen, source, options);
    return [sublayer(params.feed_forward_norm, asked, transform, options)[0], weights,
      crossWeights];
  }

  // Attention of the new positions alone, with queries, keys and values from anyone. The keys and
  // values that were there before are in the cache.
  function tapped(params, y, memory, taps, cache, score, mask) {
    if (taps === "none") return [nothing(y), params.queries.map(() => [[]])];
    const [asking, keysFrom, valuesFrom] = taps, at = cache.queries?.[0].length ?? 0;
    const asks = asking === "s" ? memory.slice(at, at + y.length) : y;
    const grown = (name, from) => {
      if (from === "s") return cache[name] ?? splitHeads(memory, params[name]);
      return splitHeads(y, params[name]).map((own, head) => [...cache[name]?.[head] ?? [], ...own]);
    };
    cache.keys = grown("keys", keysFrom);
    cache.values = grown("values", valuesFrom);
    const many = Math.min(cache.keys[0].length, cache.values[0].length);  // no later word
    const [keys, values] = [cache.keys, cache.values].map(all =>
      all.map(own => own.length > many ? own.slice(0, many) : own));
    const [change, weights, queries] =
      multiHeadAttention(params, asks, { keys, values },
        mask && ((i, j) => mask(at + i, j)), score);
    cache.queries = queries.map((own, head) => [...cache.queries?.[head] ?? [], ...own]);
    return [change, weights];
  }

  // Why these wires don't fit, or "": each key needs a value, and each word that waits a row.
  function misfit(taps, nSource, nTarget) {
    if (taps === "none") return "";
    const sizes = { t: nTarget, s: nSource }, names = { t: "the target", s: "the source" };
    const [asking, keys, values] = taps;
    if (sizes[keys] !== sizes[values]) {
      return `keys from ${names[keys]}, values from ${names[values]}: ` +
        `${sizes[keys]} weights, ${sizes[values]} values`;
    }
    return sizes[asking] === nTarget ? ""
      : `queries from the source: ${nSource} rows come out, ${nTarget} words wait`;
  }

  const blocks = params => Object.keys(params).filter(name => name.startsWith("block_"))
    .map(name => params[name]);

  function enter(params, embedded, positions, start) {
    const scaled = everywhere(value => value * Math.sqrt(embedded[0].length))(embedded);
    return addPositions(params.positions, scaled, positions, start);
  }

  const leave = (params, x, options) =>
    params.norm && hasPart(options, "last norms") ? layerNorm(params.norm, x) : x;
  const ofSide = (options, side) =>
    ({ ...options, residual: [true, undefined, side].includes(options.residual) });

  // All blocks; a mask for each of them, or none.
  function stack(params, embedded, masks, options) {
    let x = enter(params, embedded, options.positions), weights, vectors;
    const maps = [], all = [];
    blocks(params).forEach((block, layer) => {
      [x, weights, vectors] = encoderBlock(block, x, masks[layer], options);
      maps.push(...weights);
      all.push(vectors);
    });
    return [leave(params, x, options), maps, all];
  }

  const encoder = (params, embedded, options) => stack(params, embedded, [], options);

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
    return [leave(params, x, options), maps, crossMaps];
  }

  // A model has read a source: a step from a token to the next one's logits, and its maps, each
  // kind -> heads -> rows. With every step the decoder's maps grow by a row.
  function transformer(params, source, options, mask) {
    const read = embedding(params.source_embedding, source);
    const [memory, seen, vectors] = encoder(params.encoder, read, ofSide(options, "encoder"));
    const cache = { length: 0, blocks: blocks(params.decoder).map(() => ({ memory, mask })) };
    const maps = { encoder: seen, decoder: [], cross: [] };
    const side = ofSide(options, "decoder");
    const step = token => {
      const embedded = embedding(params.target_embedding, [token]);
      const [outputs, weights, cross] = decoder(params.decoder, embedded, cache, side);
      weights.forEach(([row], head) => (maps.decoder[head] ??= []).push(row));
      cross.forEach(([row], head) => (maps.cross[head] ??= []).push(row));
      return linear(params.output, outputs)[0];
    };
    // What an attention made its maps of: its numbers, and queries, keys and values of each head.
    const look = (kind, block = 0) => ({
      params: params[kind === "encoder" ? kind : "decoder"][`block_${block}`]
        [kind === "cross" ? "cross" : "attention"],
      ...{ encoder: vectors[block], decoder: cache.blocks[block].itself,
        cross: cache.blocks[block].source }[kind],
    });
    return { step, maps, look };
  }

  // The logits of every place, and the heads of all blocks one after the other.
  function decoderOnly(params, tokens, masks, options) {
    const embedded = embedding(params.embedding, tokens);
    const [outputs, maps] = stack(params.stack, embedded, masks, options);
    return [linear(params.output, outputs), maps];
  }

  // helpers.measures: parameters in which one head of the attention at the end of a path, such as
  // "decoder/block_0/cross", says nothing.
  function silence(params, path, head) {
    const [name, ...rest] = path.split("/");
    if (name) return { ...params, [name]: silence(params[name], rest.join("/"), head) };
    const silenced = params.output.map((own, h) => h === head ? everywhere(() => 0)(own) : own);
    return { ...params, output: silenced };
  }
  const ablateHead = (params, layer, head) => silence(params, `block_${layer}/attention`, head);

  // ---- helpers.seq2seq -----------------------------------------------------------------------

  // A GRU that looks before each step (attention inside).
  function attentiveStep(params, x, memory, state, mask) {
    const [weights] = attentionWeights([state], memory, mask, additive(params.score));
    const [context] = multiply([weights], memory);
    return [gruStep(params.gru, Float32Array.of(...x, ...context), state), context, weights];
  }

  // What the encoder put out, its summary, and its own maps if it has some.
  function encode(params, source, options) {
    const read = embedding(params.source_embedding, source);
    let outputs, last, maps, summary = options.summary;
    if (options.encoder === "self_attention") {
      [outputs, maps] = encoder(params.encoder, read, options);
      summary ??= "mean";
    } else if (options.encoder === "bidirectional") {
      [outputs, last] = bidirectional(params.encoder, read);
    } else {
      const states = { rnn, gru, lstm }[options.encoder](params.encoder, read);
      [outputs, last] = [states.map(shown), states.at(-1)];
    }
    return [outputs, summary ? summarise(outputs, summary) : last, maps];
  }

  function summarise(outputs, summary) {
    const share = 1 / outputs.length;
    return summary === "last" ? outputs.at(-1) : multiply([outputs.map(() => share)], outputs)[0];
  }

  const wire = (outputs, summary, attend) => attend ? outputs : [shown(summary)];
  const namedScore = (name, params) => ({
    dot: () => dot,
    scaled_dot: () => scaledDot,
    general: () => general(params.score),
    additive: () => additive(params.score),
    location: () => location(params.score),
  })[name]();

  // Row i of the mask is the step in which word i is said.
  function seq2seq(params, source, options, mask) {
    const [outputs, summary, seen] = encode(params, source, options);
    const memory = wire(outputs, summary, options.attend);
    const maps = { ...(seen && { encoder: seen }), cross: [[]] };
    const cell = STEPS[options.encoder] ?? gruStep;
    let state = summary;
    const step = token => {
      const [x] = embedding(params.target_embedding, [token]);
      const row = maps.cross[0].length, own = mask && ((_, j) => mask(row, j));
      let context, weights;
      if (options.attention === "inside") {
        [state, context, weights] = attentiveStep(params.decoder, x, memory, state, own);
      } else {
        state = cell(params.decoder, x, state);
        const score = namedScore(options.score, params);
        [weights] = attentionWeights([shown(state)], memory, own, score);
        [context] = multiply([weights], memory);
      }
      maps.cross[0].push(weights);
      const hidden = tanh(linear(params.combine, joined([shown(state)], [context])));
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
  // each row looks. Rows are named after the word that is said there, and `sure` is that word's
  // probability. A mask says where the rows of the map "cross" may look, in all heads. Changes
  // are other settings; if they hold `given`, these words are read in place of what it says, and
  // `would` is what it would say after the start and after each of them; `cut` holds pairs of a
  // path and the head of that attention which is silent.
  function run({ params: whole, settings, source, target }, words, mask, changes = {}) {
    const params = (changes.cut ?? []).reduce((kept, one) => silence(kept, ...one), whole);
    const start = { transformer, recurrent: seq2seq }[settings.model], { given } = changes;
    const options = { ...settings, ...changes };
    const tokens = words.map(word => source.indexOf(word));
    const { step, maps, look } = start(params, tokens, options, mask);
    const sure = [], watched = token => {
      const logits = step(token);
      sure.push(Math.max(...softmax(logits)));
      return logits;
    };
    const likeliest = logits => target[logits.indexOf(Math.max(...logits))];
    const would = given && [START, ...given.map(word => target.indexOf(word))]
      .map(token => likeliest(watched(token)));
    const said = given ?? greedy(watched, START, END).map(token => target[token]);
    const seen = settings.model === "recurrent" && !settings.attend ? ["(summary)"] : words;
    const rows = [...said, "(end)"], read = ["(start)", ...said], labels = {
      encoder: [words, words], decoder: [rows, read], cross: [rows, seen],
    };
    (options.wires ?? WIRES).split(" ").forEach((taps, i) => {
      if (options.wires && taps !== "none") {
        labels[i ? "cross" : "decoder"] =
          [taps[0] === "s" ? words : rows, taps[1] === "s" ? words : read];
      }
    });
    const named = Object.entries(maps).map(([kind, heads]) => [kind, {
      rows: labels[kind][0],
      columns: labels[kind][1],
      heads: heads.map(head => head.map(row => labels[kind][1].map((_, j) => row[j] ?? 0))),
    }]);
    return { source: words, said, sure, would, maps: Object.fromEntries(named), look };
  }

  const folder = document.currentScript?.src, models = {}, arrivals = {};

  // The file of a model calls this. Its numbers are whole ones of 16 bits, times a scale an array;
  // small models, which guess more often, have 8 bits behind the point as well.
  const bytes = data => Uint8Array.from(atob(data), letter => letter.charCodeAt(0)).buffer;

  function arrive(name, { arrays, data, more, ...model }) {
    const rest = more && new Int8Array(bytes(more)), params = {};
    const whole = Float32Array.from(new Int16Array(bytes(data)),
      (value, i) => rest ? value + rest[i] / 256 : value);
    let at = 0;
    for (const [path, shape, scale] of arrays) {
      const size = shape.reduce((all, n) => all * n, 1), places = path.split("/");
      const last = places.pop(), values = whole.subarray(at, at += size);
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

  return {
    softmax, linear, layerNorm, attentionWeights, attention, multiHeadAttention, gruStep, gru,
    causalMask, prefixMask, rotate, rotary, alibi,
    encoderBlock, decoderBlock, encoder, decoder, transformer, decoderOnly, ablateHead, silence,
    seq2seq, greedy, tapped, misfit, WIRES, START, END, models, run, arrive, load,
  };
})();
