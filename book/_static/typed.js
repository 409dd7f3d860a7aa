/* What a reader types, as words of a model: a number, or the words themselves. `figures.typed`
   reads it in the same way in a kernel. It defines one name, `typed`:

   typed.read(text, model, data)            { words, right }, or { trouble }: a sentence
   typed.listen(card, names, data, answer)  calls answer({ words, right }) on what is typed into the
                                            figure's field, once the models of these names are
                                            there; returns a function, true once they are

   `right` is what the model should say, as far as that is known. `data` has
     languages   of what is read and of what is said; "" if it is none
     range       [least, most] of the numbers that the model has learned, or null
     rule        without numbers: how the right answer follows from the words, see RULES, or null
     longest     most words that may be typed */
"use strict";

const typed = (() => {
  const TEXT = {
    number: "a whole number from {least} to {most}",
    empty: "Type {number}, or number words.",
    none: "Type some {tokens}.",
    range: "It has learned no {plain}: type {number}.",
    strange: "It has never read “{word}”. It knows the {tokens} {list}.",
    long: "It has read no more than {longest} {tokens}.",
    missing: "The model's numbers did not arrive: its file is missing.",
    test: "The self-test says more.",
  };
  const RULES = { reversed: words => [...words].reverse(), same: words => words };
  const { END, models, load } = engine, { numberWords, numberFrom } = numberNames;
  const { escape } = maps;
  const address = document.currentScript.src;  // a page of its own has none
  const filled = (name, parts) => TEXT[name].replace(/\{(\w+)\}/g, (_, part) => parts[part]);

  function read(text, model, data) {
    const plain = text.trim(), [first] = data.languages;
    const known = model.source.slice(END + 1), letters = known.every(word => word.length === 1);
    const tokens = letters ? "letters" : "words";
    if (!plain) return { trouble: filled(data.range ? "empty" : "none", { tokens, ...say(data) }) };
    if (data.range && /\d/.test(plain)) return readNumber(plain, data);
    const words = (letters ? [...plain] : plain.split(/[\s-]+/)).filter(word =>
      word && (word.trim() || known.includes(word))).map(word =>
      known.includes(word) ? word : word.toLowerCase());
    const strange = words.find(word => !known.includes(word));
    if (strange) {
      const list = `<i${first && ` lang="${first}"`}>` +
        `${known.map(escape).join(letters ? "" : ", ")}</i>`;
      return { trouble: filled("strange", { word: escape(strange), tokens, list }) };
    }
    if (words.length > data.longest) {
      return { trouble: filled("long", { longest: data.longest, tokens }) };
    }
    return { words, right: rightOf(words, data) };
  }

  function say({ range }) {
    if (!range) return {};
    const [least, most] = range.map(n => n.toLocaleString("en"));
    return { number: filled("number", { least, most }) };
  }

  function readNumber(plain, data) {
    const [first, second] = data.languages, [least, most] = data.range;
    const n = /^(\d+|\d{1,3}([\s,.'’]\d{3})+)$/.test(plain) ? +plain.replace(/\D/g, "") : NaN;
    if (!(n >= least && n <= most)) {
      return { trouble: filled("range", { plain: escape(plain), ...say(data) }) };
    }
    return { words: numberWords(n, first), right: numberWords(n, second) };
  }

  function rightOf(words, { languages: [first, second], range, rule }) {
    if (!range) return RULES[rule]?.(words);
    const n = numberFrom(words, first);
    return n === undefined ? undefined : numberWords(n, second);
  }

  function listen(card, names, data, answer) {
    const input = card.querySelector("input[type=text]");
    let turn = 0;

    function complain(html) {
      input.setAttribute("aria-invalid", Boolean(html));
      card.querySelector(".trouble").innerHTML = html;
    }

    function missing() {
      const test = address && new URL("../selftest.html", address);
      complain(TEXT.missing + (test && ` <a href="${test}">${TEXT.test}</a>`));
    }

    const arrived = () => names.every(name => models[name]);
    const ready = () => Promise.all(names.map(load)).then(arrived, missing);

    async function hear() {
      const own = ++turn;
      if (!arrived() && !await ready() || own !== turn) return;  // or there is something newer
      const { trouble, ...found } = read(input.value, models[names[0]], data);
      complain(trouble ?? "");
      if (!trouble) answer(found);
    }

    const early = () => names.forEach(name => load(name).catch(() => {}));
    input.addEventListener("focus", early, { once: true });
    input.addEventListener("input", hear);
    input.disabled = false;
    return Object.assign(ready, { again: hear });
  }

  return { read, listen };
})();
