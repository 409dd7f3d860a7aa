/* The index of the gallery of bugs (figures/gallery.py): says how many have what one sees. Which
   ones are shown is decided by the style sheet alone, so the index works without this. */
(() => {
  "use strict";

  for (const index of document.querySelectorAll(".bug-index")) {
    const items = [...index.querySelectorAll("li")];
    index.addEventListener("change", event => {
      const sight = event.target.value;
      const count = items.filter(item =>
        sight === "all" || item.dataset.sights.split(" ").includes(sight)).length;
      index.querySelector("[role=status]").textContent = `${count} of ${items.length} bugs`;
    });
  }
})();
