/* Words and curves: the figure that `figures.curves` writes. Press a word, and only its curves
   stay; the switch says which row of words can be pressed, and so which way weights are summed. */
"use strict";

(() => {
  const TEXT = {
    asks: "{word} looks at {pairs}: together <b>{sum}</b>",
    asked: "{word} is asked by {pairs}: together <b>{sum}</b>",
    others: "the others",
  };
  const ZERO = "0.00", MANY = 12;  // weights that are read out with their zeros

  function figure(card) {
    const data = JSON.parse(card.querySelector("script").textContent);
    const say = card.querySelector(".say"), curves = [...card.querySelectorAll("path")];
    const switches = [...card.querySelectorAll("input")];
    const buttons = side => [...card.querySelectorAll(`.row.${side} button`)];
    let held = null;

    const word = (side, place) => maps.spoken(data.words[side][place], data.languages[side]);

    function pairs(side, place) {
      const other = side === "asks" ? "asked" : "asks";
      const values = side === "asks" ? data.weights[place] : data.weights.map(row => row[place]);
      const told = values.map((value, k) => [value, k])
        .filter(([value]) => values.length <= MANY || value !== ZERO)
        .map(([value, k]) => `<span class="pair">${word(other, k)} ${value}</span>`);
      if (told.length < values.length) told.push(`${TEXT.others} ${ZERO}`);
      return told.join(", ");
    }

    function show(place) {
      const side = card.dataset.way;
      for (const curve of curves) {
        curve.classList.toggle("pale", place !== null && +curve.dataset[side] !== place);
      }
      buttons(side).forEach((button, k) => {
        button.classList.toggle("lit", k === place);
        button.setAttribute("aria-pressed", k === held);
      });
      const text = place === null ? data.hint : TEXT[side].replace(/\{(\w+)\}/g, (_, part) => ({
        word: word(side, place), pairs: pairs(side, place), sum: data.sums[side][place],
      })[part]);
      if (show.text !== text) say.innerHTML = show.text = text;  // or it is read out again
    }

    function turn(side) {
      card.dataset.way = side;
      for (const one of ["asks", "asked"]) {
        for (const button of buttons(one)) {
          button.disabled = one !== side;
          button.classList.remove("lit");
          button.setAttribute("aria-pressed", false);
        }
      }
      show(held = null);
    }

    // One word of a row is where the tab key stops; arrow keys lead to the others.
    function move(button, key) {
      const all = buttons(card.dataset.way), place = all.indexOf(button);
      const next = { ArrowLeft: place - 1, ArrowRight: place + 1, Home: 0, End: all.length - 1 }[key];
      if (next === undefined) return false;
      if (!all[next]) return true;
      button.tabIndex = -1;
      all[next].tabIndex = 0;
      all[next].focus();
      return true;
    }

    const placeOf = target => {
      const button = target.closest("button:not(:disabled)");
      return button ? +button.dataset.place : null;
    };
    card.addEventListener("pointerover", event => show(placeOf(event.target) ?? held));
    card.addEventListener("pointerleave", () => show(held));
    card.addEventListener("focusin", event => {
      const place = placeOf(event.target);
      if (place !== null) show(place);
    });
    card.addEventListener("click", event => {
      const place = placeOf(event.target);
      if (place !== null) show(held = held === place ? null : place);
    });
    card.addEventListener("keydown", event => {
      if (event.key === "Escape") return show(held = null);
      const button = event.target.closest("button");
      if (button && move(button, event.key)) event.preventDefault();
    });
    for (const input of switches) {
      input.disabled = false;
      input.addEventListener("change", () => turn(input.value));
    }
  }

  document.addEventListener("DOMContentLoaded", () =>
    document.querySelectorAll("figure.curves").forEach(figure));
})();
