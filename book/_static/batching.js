/* Sequences laid into batches, with their padding and its mask. `figures.batching` writes the
   first state, and the sentences. */
"use strict";

attend.figures("batching", (card, data, state) => {
  const { sum, setText } = attend, { sequences, sentences } = data;
  const lengths = sequences.map(one => one.tokens.length);
  const rows = [...card.querySelectorAll(".rows > li")], say = card.querySelector(".say");
  const fill = (sentence, parts) => sentence.replace(/\{(\w+)\}/g, (_, name) => parts[name]);
  let chosen = null;  // a sequence, wherever it stands

  const order = () => {
    const places = lengths.map((_, place) => place);
    return state.rule === data.rules[0] ? places : places.sort((a, b) => lengths[a] - lengths[b]);
  };
  const widthOf = (places, k) => {
    const first = k - k % state.size;
    return Math.max(...places.slice(first, first + state.size).map(place => lengths[place]));
  };

  function cellOf({ tokens }, j) {
    const cell = document.createElement("i"), isReal = j < tokens.length;
    if (!isReal) cell.className = "padding";
    cell.textContent = state.shows === "mask" ? Number(isReal) : tokens[j] ?? 0;
    return cell;
  }

  function update() {
    const places = order(), widths = places.map((_, k) => widthOf(places, k));
    rows.forEach((row, k) => {
      const sequence = sequences[places[k]], button = row.querySelector("button");
      row.classList.toggle("first", k > 0 && k % state.size === 0);
      setText(button, sequence.name);
      button.setAttribute("aria-pressed", places[k] === chosen);
      button.onclick = () => {
        chosen = chosen === places[k] ? null : places[k];
        update();
      };
      row.querySelector("span").replaceChildren(
        ...Array.from({ length: widths[k] }, (_, j) => cellOf(sequence, j)));
    });
    const all = sum(widths), padding = all - sum(lengths);
    const share = Math.floor((200 * padding + all) / (2 * all));
    setText(card.querySelector(".state"), fill(sentences.state, { places: all, padding, share }));
    if (chosen === null) return setText(say, sentences.hint);
    const { name, words } = sequences[chosen], wide = widths[places.indexOf(chosen)];
    const length = lengths[chosen];
    const mask = Array.from({ length: wide }, (_, j) => Number(j < length)).join(" ");
    setText(say, fill(sentences.row, { name, words, length, wide, mask }));
  }

  for (const row of rows) row.querySelector("button").disabled = false;
  card.addEventListener("keydown", event => {
    if (event.key !== "Escape" || chosen === null) return;
    chosen = null;
    update();
  });
  return update;
});
