/* What a model of a published size keeps and computes: the table follows model, heads of keys and
   length. The formulas are those of helpers.cost; `figures.sizes` writes the first state. */
"use strict";

attend.figures("sizes", (card, data, state) => {
  const { printed, setText } = attend;
  const bar = card.querySelector(".bar");
  const cells = Object.fromEntries(
    [...card.querySelectorAll("[data-row]")].map(cell => [cell.dataset.row, cell]));

  // ---- formulas ------------------------------------------------------------------------------

  const blockProducts = (made, seen, width) => 12 * made * width ** 2 + 2 * made * seen * width;
  const cacheNumbers = (n, width, layers, heads, keyHeads) =>
    2 * n * width * layers * keyHeads / heads;
  const lookProducts = (made, seen, width) => 2 * made * seen * width;

  // ---- the table -----------------------------------------------------------------------------

  const inThousands = number => number.toLocaleString("en-US");

  function amount(count) {
    const [unit, size] = count >= 1e9 ? ["GB", 1e9] : ["MB", 1e6];
    return `${printed(count / size, 1)} ${unit}`;
  }

  return function update() {
    const [width, layers, heads, published = heads] = data.models[state.model], { n } = state;
    const shared = { "as many": heads, "one for 4": Math.floor(heads / 4), one: 1 };
    const keyHeads = shared[state.keys] ?? published;
    const share = lookProducts(1, n, width) / blockProducts(1, n, width);
    setText(cells.cache, amount(2 * cacheNumbers(n, width, layers, heads, keyHeads)));
    setText(cells.share, `${printed(100 * share, 1)} %`);
    setText(cells.half, inThousands(6 * width));
    setText(cells.reads, inThousands(layers));
    setText(cells.writes, inThousands(layers * n));
    bar.style.setProperty("--share", share.toFixed(4));
  };
});
