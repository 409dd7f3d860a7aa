/* The state of a live figure stands in the page's address, `#wires?n=47&row=two`, so that one can
   link to exactly that. It is read when the page is opened, and written when a reader has changed
   something. A script that adds to a figure says what else stands there, by figure.address(name,
   {read, write}): write() gives a text, "" for nothing; read(text) shows it. */
"use strict";

live.extend(figure => {
  const { card, board } = figure, input = card.querySelector("input[type=text]");
  const start = { n: input.value, head: figure.head() };
  const parts = {
    n: { write: () => input.value === start.n ? "" : input.value.replace(/,/g, ""),
      read: text => { input.value = text; } },
    head: { write: () => figure.head() === start.head ? "" : `${figure.head() + 1}`,
      read: text => card.querySelector(`.ask input[value="${text - 1}"]`)?.click() },
    row: { write: row, read: showRow },
  };
  let isReading = false;

  figure.address = (name, part) => { parts[name] = part; };

  // The word whose row is held: of those that are said, or else of those that are read.
  function row() {
    const held = board.held();
    if (held?.side) return wordsOf(held.side)[held.place] ?? "";
    const map = held && board.map(held.map);
    return map && held.j === undefined ? map.rows[held.i] : "";
  }

  const wordsOf = side => {
    const { source, said } = figure.state();
    return side === "source" ? source : [...said, "(end)"];
  };

  function showRow(word) {
    for (const side of ["said", "source"]) {
      const place = wordsOf(side).indexOf(word);
      if (place >= 0) return board.show({ side, place }, true);
    }
  }

  function written() {
    const all = Object.entries(parts).map(([name, { write }]) => [name, write()]);
    const query = all.filter(([, text]) => text)
      .map(([name, text]) => `${name}=${encodeURIComponent(text)}`).join("&");
    return `#${card.id}${query && `?${query}`}`;
  }

  function write() {
    if (!isReading) history.replaceState(history.state, "", written());
  }

  async function read() {
    const [id, query] = location.hash.slice(1).split("?");
    if (id !== card.id || query === undefined) return;
    isReading = true;
    const found = new URLSearchParams(query), { row: last, ...others } = parts;
    others.n.read(found.get("n") ?? start.n);
    await figure.answer();
    for (const [name, part] of Object.entries(others)) {
      if (name !== "n" && found.has(name)) await part.read(found.get(name));
    }
    if (found.has("row")) last.read(found.get("row"));
    card.scrollIntoView();
    isReading = false;
  }

  // After the figure has answered, which a model that is there does at once.
  const later = () => setTimeout(write);
  for (const event of ["input", "change", "click", "keyup"]) card.addEventListener(event, later);
  addEventListener("hashchange", read);
  queueMicrotask(read);
});
