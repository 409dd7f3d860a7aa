/* The figures of `figures.maps`: maps of numbers, with a choice of which. Python has written the
   first state; this draws any other from the numbers in the page, as whole hundredths. */
"use strict";

(() => {
  function figure(card) {
    const data = JSON.parse(card.querySelector("script").textContent);
    const board = maps.board(card, { id: data.id, hint: data.hint });

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

    // Where the maps of these choices stand among all.
    const positionOf = places =>
      places.reduce((position, place, k) => position * data.counts[k] + place, 0);

    const thumbHTML = map => `<svg viewBox="0 0 ${map.columns.length} ${map.rows.length}" ` +
      `aria-hidden="true">${map.weights.map((row, i) => row.map((value, j) =>
        typeof value !== "number" ? "" : `<rect x="${j}" y="${i}" width=".9" height=".9" ` +
          `style="--s:${maps.shade(value, map)}"/>`).join("")).join("")}</svg>`;

    function drawSmall(places) {
      card.querySelectorAll(".thumbs").forEach((thumbs, k) => {
        const position = positionOf(Object.assign([...places], { [data.small]: k }));
        thumbs.innerHTML = data.maps[position].map(unpacked).map(thumbHTML).join("");
      });
    }

    function draw(places) {
      const position = positionOf(places), list = data.maps[position].map(unpacked);
      card.querySelector(".alt").textContent = data.alts[position];
      card.querySelector(".lines").innerHTML = linesHTML(list);
      board.draw(list, true);
    }

    const places = controls.listen(card, (places, moved) => {
      if (moved !== data.small) drawSmall(places);
      draw(places);
    });
    draw(places());
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("figure.maps-only").forEach(figure));
})();
