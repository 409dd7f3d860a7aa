/* The parts of a Transformer: press one for what it does and what shape it has, and take it out.
   `figures.parts` draws them; this script, which stands on `live`, runs the model without them. */
"use strict";

(() => {
  const TEXT = {
    out: "take it out",
    back: "put it back",
    paragraph: "its paragraph",
    shape: "For this number: {shape}.",
    share: "Without it, <b>{own}</b> of held-out numbers are right; with all parts, {all}.",
    needed: "Without it nothing runs at all.",
    post: "The model that runs here was trained with pre-norm: switch back to take parts out.",
  };
  const filled = (name, parts) => TEXT[name].replace(/\{(\w+)\}/g, (_, part) => parts[part]);

  // What goes in and comes out, for n words of the source and m rows of the target.
  const SHAPES = {
    embedding: (n, m, d) => `${n} source words become ${n} × ${d} numbers, ${m} of the target ` +
      `${m} × ${d}`,
    positions: (n, m, d) => `${n} × ${d} and ${m} × ${d} numbers, added to the embeddings`,
    "encoder self-attention": (n, m, d, heads) => attention(n, n, d, heads),
    "decoder self-attention": (n, m, d, heads) => attention(m, m, d, heads),
    "cross-attention": (n, m, d, heads) => attention(m, n, d, heads),
    "encoder feed-forward": (n, m, d) => `${n} × ${d} in, ${n} × ${4 * d} between, ${n} × ${d} out`,
    "decoder feed-forward": (n, m, d) => `${m} × ${d} in, ${m} × ${4 * d} between, ${m} × ${d} out`,
    "encoder residual": (n, m, d) => `${n} × ${d} plus ${n} × ${d}, in all sums of the encoder`,
    "decoder residual": (n, m, d) => `${m} × ${d} plus ${m} × ${d}, in all sums of the decoder`,
    norms: (n, m, d) => `${n} × ${d} in the encoder, ${m} × ${d} in the decoder, row by row`,
    "last norms": (n, m, d) => `${n} × ${d} in the encoder, ${m} × ${d} in the decoder`,
    output: (n, m, d, heads, words) => `${m} × ${d} in, ${m} × ${words} scores out`,
  };
  const attention = (rows, columns, d, heads) =>
    `queries ${heads} × ${rows} × ${d / heads}, keys and values ` +
    `${heads} × ${columns} × ${d / heads}, maps ${heads} × ${rows} × ${columns}, ` +
    `${rows} × ${d} out`;

  live.extend(figure => {
    const { card, data } = figure;
    if (!card.classList.contains("parts")) return;
    const about = card.querySelector(".about"), out = new Set();
    const radios = [...card.querySelectorAll(".norm input")];
    const drawings = [...card.querySelectorAll("svg")];
    let chosen = "";

    figure.changes = () => {
      const isIn = name => !out.has(name);
      const own = isIn("decoder self-attention") ? "ttt" : "none";
      const other = isIn("cross-attention") ? "tss" : "none";
      const sums = ["encoder", "decoder"].filter(side => isIn(`${side} residual`));
      return {
        wires: `${own} ${other}`, without: [...out],
        residual: sums.length === 2 || (sums[0] ?? false),
        ...(out.has("norms") && { norm: "none" }),
        ...(out.has("positions") && { positions: "none" }),
      };
    };

    const isPost = () => radios.some(radio => radio.checked && radio.value === "post");

    function show() {
      for (const part of card.querySelectorAll(".part")) {
        const { part: name } = part.dataset;
        part.classList.toggle("out", out.has(name));
        part.classList.toggle("chosen", name === chosen);
        part.setAttribute("aria-pressed", name === chosen);
      }
      if (!chosen) return;
      const [name, text, anchor, canGo] = data.parts[chosen];
      const { source, said } = figure.state(), { width, heads, words } = data.sizes;
      const shape = SHAPES[chosen](source.length, said.length + 1, width, heads, words);
      const button = isPost() ? `<p>${TEXT.post}</p>`
        : `<p><button type="button">${out.has(chosen) ? TEXT.back : TEXT.out}</button></p>`;
      const share = data.shares[chosen] === undefined ? ""
        : `<p>${filled("share", { own: data.shares[chosen], all: data.shares[""] })}</p>`;
      about.innerHTML = `<p class="name">${maps.escape(name)}</p><p>${maps.escape(text)} ` +
        `<a href="#${anchor}">${TEXT.paragraph}</a></p><p>${filled("shape", { shape })}</p>` +
        (canGo ? button + (out.has(chosen) ? share : "") : `<p>${TEXT.needed}</p>`);
    }

    function press(target) {
      const part = target.closest(".part");
      if (!part) return false;
      chosen = part.dataset.part;
      show();
      return true;
    }

    function take(name) {
      if (!out.delete(name)) out.add(name);
      return figure.answer();
    }

    card.addEventListener("click", event => press(event.target));
    card.addEventListener("keydown", event => {
      const isKey = event.key === "Enter" || event.key === " ";
      if (isKey && press(event.target)) event.preventDefault();
    });
    about.addEventListener("click", async event => {
      if (!event.target.closest("button")) return;
      await take(chosen);
      about.querySelector("button")?.focus();
    });
    for (const radio of radios) {
      radio.disabled = false;
      radio.addEventListener("change", () => {
        for (const drawing of drawings) {
          drawing.toggleAttribute("hidden", !drawing.classList.contains(radio.value));
        }
        if (isPost() && out.size) {
          out.clear();
          figure.answer();
        }
        show();
      });
    }
    figure.drawn.push(show);
    figure.address?.("without", {
      write: () => [...out].join(","),
      read: text => {
        for (const name of text.split(",")) {
          if (data.parts[name]?.[3]) out.add(chosen = name);
        }
        return figure.answer();
      },
    });
  });
})();
