/* Three steps forward and back: the slider shows one number more. All numbers are written by
   `figures.through_time`, which also writes the first state. */
"use strict";

attend.figures("through_time", (card, data, state) => {
  const cells = [...card.querySelectorAll("[data-since]")];
  const say = card.querySelector(".say");

  return function update() {
    const { cells: numbers, said } = data[state.u], texts = numbers.flat();
    cells.forEach((cell, k) => {
      const since = Number(cell.dataset.since);
      attend.setText(cell, state.press >= since ? texts[k] : "");
      cell.classList.toggle("here", since > 0 && state.press === since);
    });
    attend.setText(say, said[state.press]);
  };
});
