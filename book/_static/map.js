/* Maps made of numbers: a row asks, a column is asked, and the cell is the number between them.

   Every figure that shows maps uses this script; `figures.maps` writes the same HTML in Python, so
   that there is a picture before any script runs. It defines one name, `maps`:

   maps.html(map, id)               the HTML of one map
   maps.words(list, side, language) the HTML of a sentence whose words can be pressed
   maps.spoken(word, language)      the HTML of one word; maps.printed(number, digits), maps.escape
   maps.board(card, options)        makes the maps of a figure answer to pointer and keys

   A map is a plain object, as JSON holds it:
     name      of this map, letters and digits: its class, and what `at.map` says
     title     above it
     rows, columns   the words (or other names); weights: rows × columns numbers. A cell that may
               not have a number has a text that says why: "not said yet"
     asks, asked     [name, language] of what asks and of what is asked; the name may be ""
     tone      "attention", "transformer" or "vector"; without: self-attention
     sides     [side of the rows, side of the columns]: which words outside of the map they are
     shift     column j is word j - shift of its side (a decoder reads what was said one before)
     corner    [rows, columns] in the upper left corner, if they do not ask and are not asked
     digits    behind the point, 2 if it is left out
     top       the number that has the full colour: 1 if it is left out
     signed    true: below zero has a colour of its own, and the scale is even, no square root
     text      sentences other than those of TEXT

   `card` is a <figure class="board …"> which holds a place for the maps, `.maps`, a line that is
   read out, `.say`, and, if it likes, sentences, `.words`, made by `maps.words`. Options:
     id        begins all ids of this figure
     hint      what the line says if nothing is pointed at
     onShow(at)          after another cell, row or word is pointed at, or nothing (null)
     onPress(at, event)  after a cell or the name of a row is clicked, or Enter pressed on it
   and `at` is {map, i, j} for a cell, {map, i} for a row, {side, place} for a word.

   It returns
     draw(list, keep)  draw these maps in place of the ones before; without keep, nothing is held
     show(at, keep)    light it and read it out, for the moment or, with keep, until something else
     held()            what is held, or null
     cell(at)          its element, to mark it: board.cell(at).classList.add("cut")
     map(name)         the map of this name, as it was drawn
     fit()             choose the size of the cells again; it happens by itself when room changes

   Arrow keys, Home and End move, left of the first cell is the name of the row; Escape lets go. */
"use strict";

const maps = (() => {
  const TEXT = {
    cell: "{row} looks at {column}: {value}",
    row: "{row} looks at {pairs}",
    most: "{row} looks most at {column} ({value})",
    none: "{row} cannot look at {column}: it is {value}",
  };
  const CORNER = ["asks", "asked"];
  const [SMALLEST, LARGEST] = [15, 36];  // pixels of a cell

  // ---- what a reader sees, as text for HTML --------------------------------------------------

  const escape = text => String(text).replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);
  const isNumber = value => typeof value === "number";

  function printed(value, digits = 2) {
    const plain = Math.abs(value).toFixed(digits);
    return value < 0 && +plain ? `−${plain}` : plain;
  }

  // Without the root, all weights below 0.1 would look like 0.
  function shade(value, { top = 1, signed = false } = {}) {
    const part = Math.min(1, Math.abs(value) / top);
    return (signed ? part : Math.sqrt(part)).toFixed(3);
  }

  const spoken = (text, language) => /^\(/.test(text) ? escape(text)
    : `<i${language ? ` lang="${language}"` : ""}>${escape(text === " " ? "␣" : text)}</i>`;

  const words = (list, side, language) => list.map((word, place) =>
    `<button type="button" data-side="${side}" data-place="${place}" aria-pressed="false">` +
    `${spoken(word, language)}</button>`).join("");

  const filled = (map, name, parts) =>
    (map.text?.[name] ?? TEXT[name]).replace(/\{(\w+)\}/g, (_, part) => parts[part]);

  function cellHTML(map, i, j) {
    const value = map.weights[i][j];
    const start = `<span role="gridcell" tabindex="${i + j ? -1 : 0}"`;
    if (!isNumber(value)) return `${start} class="none" aria-label="${escape(value)}"></span>`;
    return `${start}${map.signed && value < 0 ? ' class="minus"' : ""} ` +
      `style="--s:${shade(value, map)}" aria-label="${printed(value, map.digits)}"></span>`;
  }

  function mostHTML(map, row, i) {
    const size = map.weights[i].map(value => isNumber(value) ? Math.abs(value) : -1);
    const j = size.indexOf(Math.max(...size)), value = map.weights[i][j];
    return filled(map, "most", { row: escape(row), column: escape(map.columns[j]),
      value: isNumber(value) ? printed(value, map.digits) : escape(value) });
  }

  function html(map, id) {
    const { name, tone, title, rows, columns, asks, asked, corner = CORNER } = map;
    const label = `${id}-${name}`;
    const lines = rows.map((row, i) =>
      `<div role="row"><span role="rowheader" tabindex="-1">${spoken(row, asks[1])}</span>` +
      `${columns.map((_, j) => cellHTML(map, i, j)).join("")}</div>`);
    const heading = columns.map(column =>
      `<span role="columnheader"><b>${spoken(column, asked[1])}</b></span>`);
    const who = asks[0] && `<p class="who">queries: ${asks[0]}<br>keys, values: ${asked[0]}</p>`;
    return `<div class="map ${name}${tone ? ` ${tone}` : ""}">` +
      `<p class="title" id="${label}">${escape(title)}</p>${who}` +
      `<div class="scroll"><div class="grid" role="grid" aria-labelledby="${label}" ` +
      `aria-describedby="${label}-most" data-map="${name}" ` +
      `style="--rows:${rows.length};--columns:${columns.length}">` +
      `<div role="row"><span role="columnheader" class="corner">${corner[0]} ↓<br>` +
      `${corner[1]} →</span>${heading.join("")}</div>${lines.join("")}</div></div>` +
      `<p class="unseen" id="${label}-most">` +
      `${rows.map((row, i) => mostHTML(map, row, i)).join("; ")}.</p></div>`;
  }

  // ---- what is pointed at, in words ----------------------------------------------------------

  function cellSentence(map, i, j) {
    const value = map.weights[i][j];
    const row = spoken(map.rows[i], map.asks[1]), column = spoken(map.columns[j], map.asked[1]);
    return isNumber(value)
      ? filled(map, "cell", { row, column, value: `<b>${printed(value, map.digits)}</b>` })
      : filled(map, "none", { row, column, value: escape(value) });
  }

  function rowSentence(map, i) {
    const pairs = map.weights[i].map((value, j) => isNumber(value) &&
      `<span class="pair">${spoken(map.columns[j], map.asked[1])} ` +
      `${printed(value, map.digits)}</span>`);
    return `<small>${escape(map.title)}:</small> ` + filled(map, "row",
      { row: spoken(map.rows[i], map.asks[1]), pairs: pairs.filter(Boolean).join(", ") });
  }

  // Light one row and, with j, one column; i = -1 lights nothing.
  function light(grid, i, j) {
    grid.classList.toggle("picked", i >= 0);
    [...grid.children].forEach((line, y) => [...line.children].forEach((box, x) => {
      const inRow = i >= 0 && y === i + 1, inColumn = j >= 0 && x === j + 1;
      box.classList.toggle("lit", inRow || inColumn);
      box.classList.toggle("here", inRow && inColumn);
    }));
  }

  function cellAt(target) {
    const box = target.closest(".grid [role]"), line = box?.closest("[role=row]");
    if (!line || box === line) return null;
    const grid = line.parentElement, i = [...grid.children].indexOf(line) - 1;
    const j = [...line.children].indexOf(box) - 1;
    return i < 0 ? null : { map: grid.dataset.map, i, ...(j >= 0 && { j }) };
  }

  // ---- how large -----------------------------------------------------------------------------

  const sum = list => list.reduce((all, one) => all + one, 0);

  // As large as there is room for, side by side if that leaves them readable.
  function fit(place, list) {
    const pen = fit.pen ??= document.createElement("canvas").getContext("2d");
    pen.font = `12px ${getComputedStyle(place).fontFamily}`;
    const width = names => Math.max(...names.map(name => pen.measureText(name).width));
    const labels = list.map(({ rows }) => Math.max(width(rows), 46) + 10);
    const room = place.clientWidth;
    const beside = (room - sum(labels) - 24 * (list.length - 1) - 4) /
      sum(list.map(({ columns }) => columns.length));
    const below = Math.min(...list.map(({ columns }, k) =>
      (room - labels[k] - 4) / columns.length));
    const cell = beside >= SMALLEST ? Math.min(beside, LARGEST)
      : Math.max(SMALLEST, Math.min(below, LARGEST));
    place.style.setProperty("--cell", `${Math.floor(cell * 4) / 4}px`);
    place.style.setProperty("--top",
      `${Math.ceil(Math.max(...list.map(({ columns }) => width(columns)), 30)) + 18}px`);
  }

  // ---- the maps of one figure ----------------------------------------------------------------

  function board(card, { id, hint = "", onShow, onPress }) {
    const place = card.querySelector(".maps"), say = card.querySelector(".say");
    let list = [], held = null, saying;

    const map = name => list.find(one => one.name === name);
    const gridOf = name => [...place.querySelectorAll(".grid")]
      .find(grid => grid.dataset.map === name);
    const cell = at => gridOf(at.map).children[at.i + 1].children[(at.j ?? -1) + 1];
    const sideOf = ({ sides = [] }, axis, k) => `${sides[axis]} ${k}`;

    function draw(drawn, keep = false) {
      list = drawn;
      place.innerHTML = list.map(one => html(one, id)).join("");
      if (list.length) fit(place, list);
      show(keep ? held : null, true);
    }

    function rowOf(at, { name, sides = [] }) {
      if (!at) return -1;
      if (at.side) return at.side === sides[0] ? at.place : -1;
      return at.map === name ? at.i : -1;
    }

    function show(at, keep = false) {
      if (keep) held = at;
      const lit = new Set(), shades = new Map();
      for (const one of list) {
        const i = rowOf(at, one), j = i < 0 ? -1 : at.j ?? -1, shift = one.shift ?? 0;
        light(gridOf(one.name), i, j);
        if (i >= 0) lit.add(sideOf(one, 0, i));
        if (j >= 0) lit.add(sideOf(one, 1, j - shift));
        else one.weights[i]?.forEach((value, k) => isNumber(value) && !one.signed &&
          shades.set(sideOf(one, 1, k - shift), shade(value, one)));
      }
      lightWords(lit, shades);
      const text = at ? sentence(at) : hint;
      if (saying !== text) say.innerHTML = saying = text;  // or it is read out again
      onShow?.(at);
    }

    function lightWords(lit, shades) {
      for (const button of card.querySelectorAll(".words button")) {
        const { side, place } = button.dataset, name = `${side} ${place}`;
        button.classList.toggle("lit", lit.has(name));
        button.style.setProperty("--s", shades.get(name) ?? 0);
        button.setAttribute("aria-pressed", held?.side === side && held.place === +place);
      }
    }

    function sentence(at) {
      if (at.side) {
        return list.filter(({ sides = [] }) => sides[0] === at.side)
          .map(one => rowSentence(one, at.place)).join("<br>");
      }
      const own = map(at.map);
      return at.j === undefined ? rowSentence(own, at.i) : cellSentence(own, at.i, at.j);
    }

    function focus(box) {  // one cell of a map is where the tab key stops
      box.closest(".grid").querySelector("[tabindex='0']").tabIndex = -1;
      box.tabIndex = 0;
      box.focus();
    }

    function move(at, key) {
      const { rows, columns } = map(at.map), column = at.j ?? -1;
      const [i, j] = { ArrowUp: [at.i - 1, column], ArrowDown: [at.i + 1, column],
        ArrowLeft: [at.i, column - 1], ArrowRight: [at.i, column + 1],
        Home: [at.i, 0], End: [at.i, columns.length - 1] }[key] ?? [];
      if (i === undefined) return false;
      if (i >= 0 && j >= -1 && i < rows.length && j < columns.length) {
        focus(cell({ map: at.map, i, j }));
      }
      return true;
    }

    place.addEventListener("pointerover", event => {
      const at = cellAt(event.target), between = event.target.closest(".grid");
      if (at || !between) show(at ?? held);
    });
    place.addEventListener("pointerleave", () => show(held));
    place.addEventListener("click", event => {
      const at = cellAt(event.target);
      show(at, true);
      if (!at) return;
      focus(cell(at));
      onPress?.(at, event);
    });
    place.addEventListener("focusin", event => {
      const at = cellAt(event.target);
      if (at) show(at, true);
    });
    place.addEventListener("keydown", event => {
      const at = cellAt(event.target);
      if (!at) return;
      if (event.key === "Escape") return show(null, true);
      const isPressed = onPress && event.key === "Enter";
      if (!isPressed && !move(at, event.key)) return;
      event.preventDefault();
      if (isPressed) onPress(at, event);
    });
    card.addEventListener("click", event => {
      const button = event.target.closest(".words button");
      if (!button) return;
      const { side, place } = button.dataset;
      const again = held?.side === side && held.place === +place;
      show(again ? null : { side, place: +place }, true);
    });
    new ResizeObserver(() => list.length && fit(place, list)).observe(place);

    return { draw, show, held: () => held, cell, map, fit: () => fit(place, list) };
  }

  return { html, words, spoken, printed, escape, board };
})();
