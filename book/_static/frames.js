/* The figures that `figures.explore` writes: for each place of their controls, what has to be put
   in place of which parts of the first picture, in the size for a page and in that for a phone. */
"use strict";

for (const card of document.querySelectorAll("figure.explore")) {
  const data = JSON.parse(card.querySelector("script").textContent);
  const picture = card.querySelector(".picture");
  const strides = data.counts.map((_, k) => data.counts.slice(k + 1).reduce((n, m) => n * m, 1));
  const drawings = [...picture.querySelectorAll("svg")].map((drawing, k) =>
    ({ drawing, base: [...drawing.children], frames: data.frames[k], made: [] }));

  controls.listen(card, places => {
    const position = places.reduce((sum, place, k) => sum + place * strides[k], 0);
    picture.setAttribute("aria-label", data.alts[position]);
    for (const { drawing, base, frames, made } of drawings) {
      show(drawing, made[position] ??= changed(base, frames[position]));
    }
  });

  /* What stays is not touched: laying out words takes longer than all else. */
  function show(drawing, parts) {
    const wanted = new Set(parts);
    for (const part of [...drawing.children]) if (!wanted.has(part)) part.remove();
    let place = drawing.firstChild;
    for (const part of parts) {
      if (part === place) place = place.nextSibling;
      else drawing.insertBefore(part, place);
    }
  }

  /* The parts of a frame: those of the base, but for the stretches that differ. */
  function changed(base, differences) {
    const parts = [];
    let place = 0;
    for (const [first, last, text] of differences) {
      const holder = document.createElement("template");
      holder.innerHTML = `<svg>${text}</svg>`;
      parts.push(...base.slice(place, first), ...holder.content.firstChild.children);
      place = last;
    }
    return parts.concat(base.slice(place));
  }
}
