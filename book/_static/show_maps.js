/* The figures of `figures.maps`: maps of numbers, with a choice of which. Python has written the
   first state; this draws any other from the numbers in the page, as whole hundredths. */
"use strict";

(() => {
  function figure(card) {
    const data = JSON.parse(card.querySelector("script").textContent);
    const board = maps.board(card, { id: data.id, hint: data.hint });
    const choices = [...card.querySelectorAll("[data-choice]")]
      .map(box => [...box.querySelectorAll("input")]);
    const chosen = inputs => inputs[0].type === "range" ? +inputs[0].value
      : inputs.findIndex(input => input.checked);

    function unpacked(packed, k) {
      const map = { ...data.common[k], ...packed }, one = 10 ** (map.digits ?? 2);
      const weights = map.weights.map(row =>
        row.map(value => typeof value === "number" ? value / one : value));
      return { ...map, weights };
    }

    // The sentences whose words can be pressed: a side of a map is named after one.
    function linesHTML(list) {
      const sentences = new Map();
      const add = (side, words, language) =>
        side && !sentences.has(side) && sentences.set(side, [words, language]);
      for (const { sides, shift, rows, columns, asks, asked } of list) {
        if (!sides) continue;
        if (!shift) add(sides[1], columns, asked[1]);
        add(sides[0], rows, asks[1]);
      }
      return [...sentences].map(([side, [words, language]]) =>
        `<p class="line"><span>${side}</span><span><span class="words">` +
        `${maps.words(words, side, language)}</span></span></p>`).join("");
    }

    // The place of the maps among all, with the choice `other` as it would be at `value`.
    const placeOf = (other, value) => choices.reduce((all, inputs, k) =>
      all * data.counts[k] + (k === other ? value : chosen(inputs)), 0);

    const thumbHTML = map => `<svg viewBox="0 0 ${map.columns.length} ${map.rows.length}" ` +
      `aria-hidden="true">${map.weights.map((row, i) => row.map((value, j) =>
        typeof value !== "number" ? "" : `<rect x="${j}" y="${i}" width=".9" height=".9" ` +
          `style="--s:${maps.shade(value, map)}"/>`).join("")).join("")}</svg>`;

    function drawSmall(input) {
      const inputs = choices[data.small];
      if (!inputs || inputs.includes(input)) return;
      inputs.forEach((button, k) => {
        button.nextElementSibling.querySelector(".thumbs").innerHTML =
          data.maps[placeOf(data.small, k)].map(unpacked).map(thumbHTML).join("");
      });
    }

    function draw() {
      const place = placeOf();
      const list = data.maps[place].map(unpacked);
      card.querySelector(".alt").textContent = data.alts[place];
      card.querySelector(".lines").innerHTML = linesHTML(list);
      board.draw(list, true);
    }

    for (const input of choices.flat()) {
      input.disabled = false;
      input.addEventListener("input", () => {
        if (input.type === "range") {
          const text = input.dataset.texts.split("|")[input.value];
          input.setAttribute("aria-valuetext", text);
          input.closest(".slide").querySelector("output").value = text;
        }
        drawSmall(input);
        draw();
      });
    }
    draw();
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("figure.maps-only").forEach(figure));
})();
