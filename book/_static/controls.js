/* The choices and sliders that `figures.controls` writes: switched on, read, and played. */
"use strict";

const controls = (() => {
  const PLAY = "▶ play", PAUSE = "❚❚ pause", STEP = "▶ one step";
  const WHOLE = 6000, SHORTEST = 250;  // milliseconds: from end to end, and one step
  const stillness = matchMedia("(prefers-reduced-motion: reduce)");

  /* Switch on the controls of a card. `changed(places, k)` is called when the reader moves the
     k-th one; `places` says for each of them the place of its value, or -1 if none is chosen. */
  function listen(card, changed) {
    const parts = [...card.querySelectorAll("[data-control]")];
    const places = () => parts.map(part => part.matches(".choices")
      ? Number(part.querySelector("input:checked")?.value ?? -1)
      : Number(part.querySelector("input").value));
    parts.forEach((part, k) => {
      for (const input of part.querySelectorAll("input")) input.disabled = false;
      const said = part.matches(".slider") ? sayValue(part) : () => {};
      part.addEventListener("input", () => {
        said();
        changed(places(), k);
      });
      if (part.querySelector("button")) offerPlay(part);
    });
    return places;
  }

  function sayValue(part) {
    const input = part.querySelector("input"), output = part.querySelector("output");
    const texts = JSON.parse(input.dataset.texts);
    return () => {
      output.value = texts[input.value];
      input.setAttribute("aria-valuetext", texts[input.value]);
    };
  }

  /* A button that moves a slider on until its end; where motion is unwanted, a step a press. */
  function offerPlay(part) {
    const input = part.querySelector("input"), button = part.querySelector("button");
    const pause = Math.max(SHORTEST, WHOLE / (Number(input.max) + 1));
    let waiting = 0;

    function rest() {
      clearTimeout(waiting);
      waiting = 0;
      button.textContent = stillness.matches ? STEP : PLAY;
    }

    function move() {
      input.value = input.value === input.max ? 0 : Number(input.value) + 1;
      input.dispatchEvent(new Event("input", { bubbles: true }));
    }

    function play() {
      button.textContent = PAUSE;
      move();
      waiting = input.value === input.max ? 0 : setTimeout(play, pause);
      if (!waiting) rest();
    }

    button.onclick = () => stillness.matches ? move() : waiting ? rest() : play();
    input.addEventListener("input", event => event.isTrusted && rest());  // the reader's own move
    stillness.addEventListener("change", rest);
    button.disabled = false;
    rest();
  }

  return { listen };
})();
