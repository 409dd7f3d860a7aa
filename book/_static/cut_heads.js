/* Heads of a Transformer to cut, one by one. `figures.cut_heads` draws the switches; this script,
   which stands on `live`, runs the model without the heads that are cut. */
"use strict";

(() => {
  const TEXT = {
    none: "No head is cut: {all} of {count} held-out numbers are right.",
    one: "Without this head alone, <b>{own}</b> of {count} held-out numbers are right; with all, " +
      "{all}.",
    several: "{n} heads are cut.",
    lost: "It now says {words} here.",
    same: "Here it says what it said before.",
  };
  const filled = (name, parts) => TEXT[name].replace(/\{(\w+)\}/g, (_, part) => parts[part]);

  live.extend(figure => {
    const { card, data } = figure;
    if (!card.classList.contains("cut-heads")) return;
    const about = card.querySelector(".about"), { shares, count, paths } = data.heads;
    const boxes = [...card.querySelectorAll(".switches input")];
    const cut = () => boxes.filter(box => box.checked)
      .map(({ dataset: { kind, head } }) => ({ kind, head: +head }));

    figure.changes = () => ({ cut: cut().map(({ kind, head }) => [paths[kind], head]) });

    function told({ said, right }) {
      const [first, ...others] = cut(), all = shares[""];
      if (!first) return filled("none", { all, count });
      const own = shares[`${first.kind} ${first.head + 1}`];
      const share = others.length ? filled("several", { n: others.length + 1 })
        : filled("one", { own, all, count });
      if (!right) return share;
      const lost = [...new Set(right.filter(word => !said.includes(word)))];
      const isSame = right.join(" ") === said.join(" ");
      const words = `<i>${maps.escape(said.join(" ") || "nothing")}</i>`;
      return `${share} ${isSame ? TEXT.same : filled("lost", { words })}` +
        (lost.length ? ` Lost: ${maps.escape(lost.join(", "))}.` : "");
    }

    figure.drawn.push(state => {
      about.innerHTML = told(state);
    });
    for (const box of boxes) {
      box.disabled = false;
      box.addEventListener("change", () => figure.answer());
    }
    figure.address?.("cut", {
      write: () => cut().map(({ kind, head }) => `${kind}${head + 1}`).join(","),
      read: text => {
        const wanted = text.split(",");
        for (const box of boxes) {
          box.checked = wanted.includes(`${box.dataset.kind}${+box.dataset.head + 1}`);
        }
      },
    });
  });
})();
