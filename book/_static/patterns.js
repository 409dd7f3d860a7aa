/* Patterns by hand: choose what is asked and what is offered. `figures.patterns` writes the first
   state, and the sentences. */
"use strict";

attend.figures("patterns", (card, data, state) => {
  const { softmax, sum, printed, shade, setText, walk } = attend;
  const [heading, ...rows] = card.querySelectorAll(".grid > [role=row]");
  const columns = [...heading.querySelectorAll("[role=columnheader]:not(.corner)")];
  const cells = rows.map(row => [...row.querySelectorAll("[role=gridcell]")]);

  const token = (kind, i, word) => data.asked[kind]
    ? `place ${data.asked[kind][i]}`.replace("-", "−") : `letter ${word[i]}`;

  // Queries and keys have a single 1 each: their product is 1 where they say the same.
  function weightsOf(asked, offered) {
    return asked.map(query => softmax(offered.map(key => query === key ? state.sharpness : 0)));
  }

  function update() {
    const word = state.word, places = data.puzzles[state.puzzle][word], letters = [...word];
    const asked = letters.map((_, i) => token(state.asked, i, word));
    const offered = letters.map((_, j) => token(state.offered, j, word));
    const weights = weightsOf(asked, offered);
    columns.forEach((column, j) => name(column, word[j], offered[j]));
    rows.forEach((row, i) => {
      name(row.querySelector("[role=rowheader]"), word[i], asked[i]);
      cells[i].forEach((cell, j) => {
        setText(cell, printed(weights[i][j]));
        cell.style.setProperty("--s", shade(weights[i][j]));
        cell.classList.toggle("wanted", places[i].includes(j));
      });
    });
    setText(card.querySelector(".state"), verdict(word, weights, places));
  }

  function name(header, letter, said) {
    setText(header.querySelector("b"), letter);
    setText(header.querySelector("small"), said);
  }

  function verdict(word, weights, places) {
    const off = places.map((row, i) => row.length
      ? Math.max(...weights[i].map((weight, j) => Math.abs(weight - row.includes(j) / row.length)))
      : 0);
    const worst = off.indexOf(Math.max(...off)), at = places[worst];
    if (off[worst] <= data.close) return data.sentences.solved;
    const isSoft = places.every((row, i) => {
      if (!row.length || row.length === word.length) return true;
      const others = weights[i].filter((_, j) => !row.includes(j));
      return Math.min(...row.map(j => weights[i][j])) > Math.max(...others);
    });
    return data.sentences[isSoft ? "soft" : "wrong"]
      .replace("{row}", `place ${worst} (${word[worst]})`)
      .replace("{letters}", `${word[at[0]]} at place${at.length > 1 ? "s" : ""} ${at.join(" and ")}`)
      .replace("{weight}", printed(sum(at.map(j => weights[worst][j]))));
  }

  walk(cells.flat(), columns.length, () => {});
  return update;
});
