/* Maps made of numbers: a row asks, a column is asked, and the cell is the number between them.

   Every figure that shows maps uses this script; `figures.maps` writes the same HTML in Python, so
   that there is a picture before any script runs. It defines one name, `maps`:

   maps.html(map, id)               the HTML of one map
   maps.words(list, side, language) the HTML of a sentence whose words can be pressed
   maps.spoken(word, language)      the HTML of one word; maps.printed(number, digits), maps.escape,
                                    maps.shade(number, map): how much of the full colour it has
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
     every     [rows, columns]: a dense map, of which only every so many-th is named
     text      sentences other than those of TEXT

   `card` is a <figure class="board …"> which holds a place for the maps, `.maps`, a line that is
   read out, `.say`, and, if it likes, sentences, `.words`, made by `maps.words`. Options:
     id        begins all ids of this figure
     hint      what the line says if nothing is pointed at
     onShow(at)          after another cell, row or word is pointed at, or nothing (null)
     onPress(at, event)  after a cell or the name of a row is clicked, or Enter pressed on it
   and `at` is {map, i, j} for a cell, {map, i} for a row, {map, j} for a column, {side, place} for
   a word, which shows its rows, or, where its side asks in no map, its columns.

   It returns
     draw(list, keep)  draw these maps in place of the ones before; what is held is let go, or,
                       with keep, stays, if it is there
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
    column: "{column} is asked by {pairs}",
    most: "{row} looks most at {column} ({value})",
    none: "{row} cannot look at {column}: it is {value}",
  };
  const CORNER = ["asks", "asked"], OTHERS = "the others";
  const MANY = 24;  // numbers that are read out of one row
  const [SMALLEST, LARGEST, DENSE] = [15, 36, 4];  // pixels of a cell
  const TALLEST = 440;  // pixels of a map, unless its cells would be too small

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

  const isFlat = ({ columns }) => columns.every(column => column.length <= 2);

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

  // The largest number of each row that has one.
  function mostHTML(map) {
    return map.rows.map((row, i) => {
      const size = map.weights[i].map(value => isNumber(value) ? value : -Infinity);
      const j = size.indexOf(Math.max(...size));
      return isNumber(map.weights[i][j]) && filled(map, "most", { row: escape(row),
        column: escape(map.columns[j]), value: printed(map.weights[i][j], map.digits) });
    }).filter(Boolean).join("; ");
  }

  // The name of a row or a column; in a dense map most are heard only.
  function nameHTML(word, language, k, every = 1) {
    return k % every ? "" : spoken(word, language);
  }

  function html(map, id) {
    const { name, tone, title, rows, columns, asks, asked, corner = CORNER, every = [] } = map;
    const label = `${id}-${name}`;
    const lines = rows.map((row, i) =>
      `<div role="row"><span role="rowheader" tabindex="-1">` +
      `${nameHTML(row, asks[1], i, every[0])}</span>` +
      `${columns.map((_, j) => cellHTML(map, i, j)).join("")}</div>`);
    const heading = columns.map((column, j) => `<span role="columnheader">` +
      `<b>${nameHTML(column, asked[1], j, every[1])}</b></span>`);
    const who = asks[0] ? `<p class="who">queries: ${asks[0]}<br>keys, values: ${asked[0]}</p>` : "";
    const kind = [every.length && " dense", isFlat(map) && " flat"].filter(Boolean).join("");
    return `<div class="map ${name}${tone ? ` ${tone}` : ""}">` +
      `<p class="title" id="${label}">${escape(title)}</p>${who}` +
      `<div class="scroll"><div class="grid${kind}" role="grid" aria-labelledby="${label}" ` +
      `aria-describedby="${label}-most" data-map="${name}" ` +
      `style="--rows:${rows.length};--columns:${columns.length}">` +
      `<div role="row"><span role="columnheader" class="corner">${corner[0]} ↓<br>` +
      `${corner[1]} →</span>${heading.join("")}</div>${lines.join("")}</div></div>` +
      `<p class="unseen" id="${label}-most">${mostHTML(map)}.</p></div>`;
  }

  // ---- what is pointed at, in words ----------------------------------------------------------

  function cellSentence(map, i, j) {
    const value = map.weights[i][j];
    const row = spoken(map.rows[i], map.asks[1]), column = spoken(map.columns[j], map.asked[1]);
    return isNumber(value)
      ? filled(map, "cell", { row, column, value: `<b>${printed(value, map.digits)}</b>` })
      : filled(map, "none", { row, column, value: escape(value) });
  }

  // Names with their numbers; of very many, those that are printed as 0 go into one word.
  function pairsHTML(values, names, language, digits) {
    const numbers = values.map((value, k) => [value, names[k]]).filter(([value]) => isNumber(value));
    const isZero = value => !+value.toFixed(digits ?? 2);
    const told = numbers.length > MANY ? numbers.filter(([value]) => !isZero(value)) : numbers;
    const pairs = told.map(([value, name]) =>
      `<span class="pair">${spoken(name, language)} ${printed(value, digits)}</span>`);
    if (told.length < numbers.length) pairs.push(`${OTHERS} ${printed(0, digits)}`);
    return pairs.join(", ");
  }

  const titled = (map, name, parts) =>
    `<small>${escape(map.title)}:</small> ${filled(map, name, parts)}`;

  const rowSentence = (map, i) => titled(map, "row", { row: spoken(map.rows[i], map.asks[1]),
    pairs: pairsHTML(map.weights[i], map.columns, map.asked[1], map.digits) });

  const columnSentence = (map, j) => titled(map, "column", {
    column: spoken(map.columns[j], map.asked[1]),
    pairs: pairsHTML(map.weights.map(row => row[j]), map.rows, map.asks[1], map.digits) });

  // Light a row, a column, or both, where they cross; -1 is none.
  function light(grid, i, j) {
    grid.classList.toggle("picked", i >= 0 || j >= 0);
    for (const box of grid.querySelectorAll(".lit")) box.classList.remove("lit", "here");
    if (i >= 0) for (const box of grid.children[i + 1].children) box.classList.add("lit");
    if (j >= 0) for (const line of grid.children) line.children[j + 1].classList.add("lit");
    if (i >= 0 && j >= 0) grid.children[i + 1].children[j + 1].classList.add("here");
  }

  function cellAt(target) {
    const box = target.closest(".grid [role]"), line = box?.closest("[role=row]");
    if (!line || box === line) return null;
    const grid = line.parentElement, i = [...grid.children].indexOf(line) - 1;
    const j = [...line.children].indexOf(box) - 1;
    if (i < 0 && j < 0) return null;
    return { map: grid.dataset.map, ...(i >= 0 && { i }), ...(j >= 0 && { j }) };
  }

  // ---- how large -----------------------------------------------------------------------------

  const sum = list => list.reduce((all, one) => all + one, 0);

  // As large as there is room for: all side by side, or half of them, or each below the last, if
  // only that leaves them readable.
  function fit(place, list) {
    const pen = fit.pen ??= document.createElement("canvas").getContext("2d");
    pen.font = fit.font ??= `12px ${getComputedStyle(place).fontFamily}`;
    const all = place.clientWidth, width = names => Math.max(...names.map(name => pen.measureText(name).width));
    const labels = list.map(({ rows }) => Math.max(width(rows), 46) + 10);
    const cellFor = count => {
      const cells = [];
      for (let k = 0; k < list.length; k += count) {
        const together = list.slice(k, k + count);
        const room = all - sum(labels.slice(k, k + count)) - 24 * (count - 1) - 4;
        cells.push(room / sum(together.map(({ columns }) => columns.length)));
      }
      return Math.min(...cells, LARGEST);
    };
    const smallest = list.every(({ every }) => every) ? DENSE : SMALLEST;
    const half = list.length > 3 ? [Math.ceil(list.length / 2)] : [];
    const cells = [list.length, ...half, 1].map(cellFor);
    const rows = Math.max(...list.map(map => map.rows.length));
    const room = cells.find(size => size >= smallest) ?? smallest;
    const cell = Math.max(smallest, Math.min(room, TALLEST / rows));
    place.style.setProperty("--cell", `${Math.floor(cell * 4) / 4}px`);
    const above = list.map(map => isFlat(map) ? 12 : Math.max(width(map.columns), 30));
    place.style.setProperty("--top", `${Math.ceil(Math.max(...above, 30)) + 18}px`);
  }

  // ---- the maps of one figure ----------------------------------------------------------------

  function board(card, { id, hint = "", onShow, onPress }) {
    const place = card.querySelector(".maps"), say = card.querySelector(".say");
    let list = [], held = null, saying;

    const map = name => list.find(one => one.name === name);
    const gridOf = name => [...place.querySelectorAll(".grid")]
      .find(grid => grid.dataset.map === name);
    const cell = at => gridOf(at.map).children[(at.i ?? -1) + 1].children[(at.j ?? -1) + 1];
    const sideOf = ({ sides = [] }, axis, k) => `${sides[axis]} ${k}`;
    const asks = side => list.some(({ sides = [] }) => sides[0] === side);

    function draw(drawn, keep = false) {
      list = drawn;
      if (list.length) fit(place, list);  // first, or the browser would lay it out twice
      place.innerHTML = list.map(one => html(one, id)).join("");
      show(keep && isThere(held) ? held : null, true);
    }

    const isThere = at => Boolean(at) && list.some(one => {
      const [i, j] = crossing(at, one);
      return (i >= 0 || j >= 0) && i < one.rows.length && j < one.columns.length;
    });

    // The row and the column of one map that are meant; -1 is none.
    function crossing(at, { name, sides = [], shift = 0 }) {
      if (!at) return [-1, -1];
      if (!at.side) return at.map === name ? [at.i ?? -1, at.j ?? -1] : [-1, -1];
      if (asks(at.side)) return [at.side === sides[0] ? at.place : -1, -1];
      return [-1, at.side === sides[1] ? at.place + shift : -1];
    }

    function show(at, keep = false) {
      if (keep) held = at;
      const lit = new Set(), shades = new Map();
      for (const one of list) {
        const [i, j] = crossing(at, one), shift = one.shift ?? 0;
        light(gridOf(one.name), i, j);
        if (i >= 0) lit.add(sideOf(one, 0, i));
        if (j >= 0) lit.add(sideOf(one, 1, j - shift));
        const shadeOf = (name, value) =>
          isNumber(value) && !one.signed && shades.set(name, shade(value, one));
        if (j < 0) one.weights[i]?.forEach((value, k) => shadeOf(sideOf(one, 1, k - shift), value));
        if (i < 0 && j >= 0) one.weights.forEach((row, k) => shadeOf(sideOf(one, 0, k), row[j]));
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
      return list.map(one => {
        const [i, j] = crossing(at, one);
        if (i < 0) return j < 0 ? "" : columnSentence(one, j);
        return j < 0 ? rowSentence(one, i) : cellSentence(one, i, j);
      }).filter(Boolean).join("<br>");
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
      if (at?.i === undefined) return;
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

  return { html, words, spoken, printed, shade, escape, board };
})();
