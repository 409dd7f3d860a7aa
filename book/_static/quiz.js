/* Grades a quiz of figures/quiz.py. Arrow keys only choose; Enter, Space and clicks answer. */
(() => {
  "use strict";

  const ARROWS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"];

  function grade(question, option) {
    const right = option.hasAttribute("data-right");
    for (const label of question.querySelectorAll("label")) {
      label.classList.remove("right", "wrong");
    }
    const label = option.closest("label");
    label.classList.add(right ? "right" : "wrong");
    const status = question.querySelector("[role=status]");
    status.className = right ? "right" : "wrong";
    status.textContent = label.querySelector(".reason").textContent;
  }

  /* A browser also sends a click when an arrow key moves the choice: such a click is no answer. */
  function listen(question) {
    let moving = false;
    question.addEventListener("keydown", event => {
      moving = ARROWS.includes(event.key);
      if (event.target.type !== "radio" || (event.key !== "Enter" && event.key !== " ")) return;
      event.preventDefault();
      event.target.checked = true;
      grade(question, event.target);
    });
    question.addEventListener("keyup", () => { moving = false; });
    question.addEventListener("pointerdown", () => { moving = false; });
    question.addEventListener("click", event => {
      if (event.target.type === "radio" && !moving) grade(question, event.target);
    });
  }

  for (const question of document.querySelectorAll(".quiz fieldset")) listen(question);
})();
