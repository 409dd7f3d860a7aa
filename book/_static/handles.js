/* Words are handles: a word of the text with data-handle="h3" lights the part data-part="h3" of the
   nearest drawing that has one. Below a drawing stand the words that speak of it, as links back. */
(() => {
  "use strict";
  const BACK = "In the text: ";
  const all = (selector, where = document) => [...where.querySelectorAll(selector)];
  const top = element => element.getBoundingClientRect().top;

  /** Part of the nearest figure that has it; undefined if none has. */
  function partOf(handle) {
    const parts = all(`[data-part="${handle.dataset.handle}"]`);
    const distance = part => Math.abs(top(part.closest("figure")) - top(handle));
    return parts.sort((a, b) => distance(a) - distance(b))[0];
  }

  function letGo() {
    for (const one of all(".lit, .reached")) one.classList.remove("lit", "reached");
    for (const one of all("[data-handle-name]")) one.setAttribute("aria-pressed", false);
  }

  function press(handle, part) {
    const again = handle.getAttribute("aria-pressed") === "true";
    letGo();
    if (again) return;
    handle.setAttribute("aria-pressed", true);
    const figure = part.closest("figure");
    for (const one of all(`[data-part="${handle.dataset.handle}"]`, figure)) {
      one.classList.add("lit");
    }
    if ("choose" in part.dataset) part.dispatchEvent(new Event("click", { bubbles: true }));
    figure.scrollIntoView({ block: "nearest" });
  }

  function reach(handle) {
    letGo();
    handle.closest("p, li, td")?.classList.add("reached");
    handle.scrollIntoView({ block: "center" });
    handle.focus({ preventScroll: true });
  }

  function leadBack(figure, handles) {
    const line = document.createElement("p");
    line.className = "back";
    line.append(BACK);
    for (const [i, handle] of handles.entries()) {
      const link = document.createElement("a");
      link.href = `#${handle.id}`;
      link.textContent = handle.dataset.handleName;
      link.addEventListener("click", event => { event.preventDefault(); reach(handle); });
      line.append(i ? ", " : "", link);
    }
    figure.querySelector("figcaption").before(line);
  }

  const known = new Map(); // figure -> its handles
  for (const [i, handle] of all("[data-handle]").entries()) {
    const part = partOf(handle);
    if (!part) continue;
    const figure = part.closest("figure");
    handle.id ||= `handle-${i}`;
    handle.dataset.handleName = handle.dataset.name ?? handle.textContent.trim();
    handle.setAttribute("role", "button");
    if (handle.dataset.name) handle.setAttribute("aria-label", handle.dataset.name); // a formula
    handle.setAttribute("tabindex", 0);
    handle.setAttribute("aria-pressed", false);
    handle.addEventListener("click", () => press(handle, part));
    handle.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      press(handle, part);
    });
    if (!("choose" in part.dataset)) {
      part.classList.add("leads");
      part.addEventListener("click", () => reach(handle));
    }
    known.set(figure, [...(known.get(figure) ?? []), handle]);
  }
  known.forEach((handles, figure) => leadBack(figure, handles));
  document.addEventListener("keydown", event => { if (event.key === "Escape") letGo(); });
})();
