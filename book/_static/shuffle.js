/* Shuffle what a trained tagger reads: radio buttons for the order, or press two letters to
   exchange them. `figures.shuffle` writes the first state; `engine.js` runs the model. */
"use strict";

attend.figures("shuffle", (card, data, state) => {
  const { printed, setText } = attend;
  const rows = [...card.querySelectorAll(".letters")].map(row => [...row.children]);
  const lines = [...card.querySelectorAll("line")], status = card.querySelector(".state");
  const n = data.letters.length;
  let places = data.orders[state.order], shown = state.order, pressed = -1, turn = 0, first = true;

  function rights(letters) {
    let latest = "";
    return letters.map(letter => {
      const isCapital = letter !== letter.toLowerCase(), right = isCapital ? "" : latest;
      if (isCapital) latest = letter;
      return right;
    });
  }

  function logitsOf({ params, settings, source }, letters) {
    const tokens = letters.map(letter => source.indexOf(letter));
    const blocks = Object.keys(params.stack).filter(name => name.startsWith("block_"));
    const masks = settings.mask === "causal" ? blocks.map(() => engine.causalMask) : [];
    return engine.decoderOnly(params, tokens, masks, settings)[0];
  }

  function fill(row, letters, logits, vocabulary, change) {
    rights(letters).forEach((right, i) => {
      const said = vocabulary[logits[i].indexOf(Math.max(...logits[i]))];
      const [letter, says, mark, by] = row[i].children;
      setText(letter, letters[i]);
      setText(says, right ? `says ${said}` : "–");
      setText(mark, right ? (said === right ? "✓" : "✗") : "");
      setText(by, change ? printed(change[i]) : "");
      if (change) {
        row[i].className = `tile ${change[i] > data.same ? "changed" : "same"}`;
      }
    });
  }

  function draw(model) {
    const letters = [...data.letters], now = places.map(place => letters[place]);
    const [before, after] = [logitsOf(model, letters), logitsOf(model, now)];
    const change = after.map((row, i) =>
      Math.max(...row.map((value, c) => Math.abs(value - before[places[i]][c]))));
    fill(rows[0], letters, before, model.target);
    fill(rows[1], now, after, model.target, change);
    lines.forEach((line, i) => {
      line.setAttribute("x1", (100 * (places[i] + 0.5) / n).toFixed(2));
      line.setAttribute("class", change[i] > data.same ? "changed" : "same");
    });
    const count = change.filter(one => one > data.same).length;
    const moves = places.some((place, i) => place !== i);
    const kind = moves ? (count ? "changed" : "same") : "start";
    setText(status, data.sentences[kind].replace("{count}", count).replace("{n}", n)
      .replace("{most}", printed(Math.max(...change))));
  }

  async function update() {
    if (state.order !== shown) {
      [places, shown, pressed] = [data.orders[state.order], state.order, -1];
      mark();
    }
    if (first) {  // the first state is there already
      first = false;
      return;
    }
    const own = ++turn, name = data.files[state.positions];
    try {
      const model = engine.models[name] ?? await engine.load(name);
      if (own === turn) draw(model);
    } catch {
      setText(status, "The model's file did not load.");
    }
  }

  const mark = () => rows[1].forEach((tile, i) =>
    tile.setAttribute("aria-pressed", String(i === pressed)));

  // A second letter that is pressed changes places with the first.
  function press(i) {
    if (pressed < 0) {
      pressed = i;
    } else {
      places = [...places];
      [places[pressed], places[i]] = [places[i], places[pressed]];
      pressed = -1;
      for (const input of card.querySelectorAll("[data-name=order]")) input.checked = false;
      update();
    }
    mark();
  }

  // Whoever has pressed letters may go back to an order that was chosen before.
  card.addEventListener("input", event => {
    if (event.target.dataset.name === "order") shown = null;
  }, true);  // before what reads the controls
  rows[1].forEach((tile, i) => {
    tile.disabled = false;
    tile.addEventListener("click", () => press(i));
  });
  return update;
});
