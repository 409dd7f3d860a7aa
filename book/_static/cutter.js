/* A typed number or word, cut by the merges that were learned: the first so many of them, in their
   order, as helpers.tasks.cut_word does. `figures.cutter` writes the first state, the merges and
   the sentences. */
"use strict";

attend.figures("cutter", (card, data, state) => {
  const { nameList, setText } = attend, { sentences } = data;
  const merges = {};
  for (const [language, pairs] of Object.entries(data.merges)) {
    merges[language] = pairs.map(pair => pair.split(" "));
  }

  function mergePair(symbols, [first, second]) {
    const merged = [];
    for (const symbol of symbols) {
      if (merged.at(-1) === first && symbol === second) merged[merged.length - 1] += symbol;
      else merged.push(symbol);
    }
    return merged;
  }

  const cutWord = (text, pairs) => pairs.reduce(mergePair, [...text]);

  function textOf(typed, language) {
    const digits = typed.replace(/[\s,._]/g, "");
    if (!/^[0-9]+$/.test(digits)) {
      return typed.toLowerCase().split(/\s+/).filter(Boolean).join("-");
    }
    const number = Number(digits);
    if (number < 1 || number > data.most) return "";
    return numberNames.numberWords(number, language).join(language === "fr" ? "-" : "");
  }

  const many = (count, thing) => `${count} ${thing}${count === 1 ? "" : "s"}`;
  const fill = (sentence, parts) => sentence.replace(/\{(\w+)\}/g, (_, name) => parts[name]);

  function told(pieces, letters, pairs) {
    if (!pieces.length) return sentences.empty;
    const length = [...pieces.join("")].length, [first, second] = pairs.at(-1) ?? [];
    const said = [fill(sentences.counted, { characters: many(length, "character"),
      tokens: many(pieces.length, "token") })];
    said.push(pairs.length ? fill(sentences.merged, { n: pairs.length, whole: first + second,
      first, second }) : sentences.nothing);
    const unknown = [...new Set(pieces)].filter(piece =>
      [...piece].length === 1 && !letters.includes(piece));
    if (unknown.length) said.push(fill(sentences.unknown, { letters: nameList(unknown) }));
    return said.join(" ");
  }

  function boxOf(piece, number) {
    const box = document.createElement("span"), word = document.createElement("b");
    const small = document.createElement("small");
    box.setAttribute("role", "listitem");
    if (number < 0) box.className = "unknown";
    word.textContent = piece;
    small.textContent = number < 0 ? "?" : number + 3;  // three special tokens come first
    box.append(word, small);
    return box;
  }

  return () => {
    const language = data.languages[state.language], letters = data.letters[language];
    const pairs = merges[language].slice(0, state.learned);
    const text = textOf(state.typed, language), pieces = cutWord(text, pairs);
    const known = [...letters, ...pairs.map(pair => pair.join(""))];
    setText(card.querySelector(".whole"), text);
    card.querySelector(".pieces")
      .replaceChildren(...pieces.map(piece => boxOf(piece, known.indexOf(piece))));
    setText(card.querySelector(".state"), told(pieces, letters, pairs));
  };
});
