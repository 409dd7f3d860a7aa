/* Calls the buttons that unfold a solution or a hint what they unfold: "Solution, Exercise 05.1". */
addEventListener("load", () => {
  "use strict";

  let exercise = "";
  for (const element of document.querySelectorAll(".exercise .caption-number, .toggle-button")) {
    if (element.matches(".caption-number")) {
      exercise = element.textContent.trim();
    } else {
      const title = element.closest(".admonition-title").textContent.trim();
      element.setAttribute("aria-label", [title, exercise].filter(Boolean).join(", "));
    }
  }
});

/* Figures on paper have the colours of the light theme, too. */
(() => {
  "use strict";

  const root = document.documentElement;
  let theme = root.dataset.theme;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
  });
  addEventListener("afterprint", () => { root.dataset.theme = theme; });
})();
