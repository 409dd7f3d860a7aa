/* Wire it yourself: whom each attention of a trained Transformer gets queries, keys and values
   from. `figures.wires` writes the boxes; this script, which stands on `live`, runs the model with
   the wires that are chosen there, says why some don't fit, and what models say that were trained
   with them.

   A script adds to the figures of `live` by `live.extend(begin)`, before the page is there:
   begin(figure) is called for each figure, which has
     card, data          its element, and what `figures.live` knows of it
     board, press        its maps; press(at, event) is called for a cell that is pressed
     changes(words, right)   which settings of the model to change, for what was typed
     kind(kind)          how a map is described, where changes make it another one
     answer()            run the model again; a promise
     state()             what is shown: source, said, right, maps, and, once it has run, look
     head()              which head is shown
     drawn               functions of that state, called after each drawing */
"use strict";

(() => {
  const TEXT = {
    usual: "These are the wires it was trained with.",
    early: "the encoder reads before a word is said: there is no target yet",
    refused: "Refused. {reasons}.",
    untranslated: "no number has these words, so there is no right translation to run it on",
    equal: "Try a number with as many French words as English ones and one more: {numbers}. Then " +
      "it runs.",
    silent: "Both sides have {rows} rows, so it runs, and nothing warns. With the right words " +
      "before each it says {hits} of {rows} words right.",
    runs: "It runs, and nothing warns.",
    trained: "Trained so from the start, on {task}, models get <b>{own}</b> of the held-out ones " +
      "right (five seeds); with the usual wires {usual}.",
    untrained: "The course has trained no model so.",
    expected: "You expected: {guess}.",
    title: "{asking} asks {asked}",
    soFar: "{asked} so far",
  };
  const USUAL = { encoder: "sss", decoder: "ttt", cross: "tss" };

  const filled = (name, parts) => TEXT[name].replace(/\{(\w+)\}/g, (_, part) => parts[part]);
  const fits = taps => taps === "none" || taps === "ttt" || taps === "tss";

  live.extend(figure => {
    const { card, data } = figure, boxes = [...card.querySelectorAll(".box")];
    const controls = [...card.querySelectorAll(".box input, .rewire button")];
    if (!controls.length) return;
    const part = Object.fromEntries(["rewire", "guesses", "outcome", "reset"]
      .map(name => [name, card.querySelector(`.${name}`)]));
    const name = box => box.querySelector(".name").textContent;
    let wires = { ...USUAL }, guess = "";

    // -- what is chosen

    const tapOf = (box, letter) =>
      box.querySelector(`input[data-tap=${letter}]:checked`)?.value;

    function chosen() {
      const found = { ...USUAL };
      for (const box of boxes) {
        const taps = ["q", "k", "v"].map(letter => tapOf(box, letter));
        if (taps[0]) found[box.dataset.kind] = taps.join("");
        if (box.querySelector("input[data-tap=none]")?.checked) found[box.dataset.kind] = "none";
      }
      return found;
    }

    function choose(next) {
      for (const box of boxes) {
        const taps = next[box.dataset.kind], none = box.querySelector("input[data-tap=none]");
        if (none) none.checked = taps === "none";
        ["q", "k", "v"].forEach((letter, i) => {
          for (const input of box.querySelectorAll(`input[data-tap=${letter}]`)) {
            input.checked = input.value === (taps === "none" ? USUAL[box.dataset.kind] : taps)[i];
          }
        });
      }
      mark(next);
    }

    // The drawing follows at once; the model waits for the guess.
    function mark(next) {
      const isUsual = Object.keys(USUAL).every(kind => next[kind] === USUAL[kind]);
      for (const box of boxes) {
        const taps = next[box.dataset.kind];
        box.classList.toggle("rewired", taps !== USUAL[box.dataset.kind]);
        box.classList.toggle("out", taps === "none");
      }
      part.reset.disabled = isUsual;
      return isUsual;
    }

    // -- what runs

    function reasons(words, right) {
      const found = [];
      for (const box of boxes) {
        const { kind } = box.dataset, taps = wires[kind];
        const reason = kind === "encoder" ? (taps === "sss" ? "" : TEXT.early)
          : fits(taps) ? "" : right ? engine.misfit(taps, words.length, right.length + 1)
          : TEXT.untranslated;
        if (reason) found.push(`${name(box)}: ${reason}`);
      }
      return found;
    }

    figure.changes = (words, right) => {
      const { decoder, cross } = wires;
      if (reasons(words, right).length) return {};
      return { wires: `${decoder} ${cross}`,
        ...(!(fits(decoder) && fits(cross)) && { given: right }) };
    };

    // What a map is called, and which words its rows and columns are.
    figure.kind = kind => {
      const taps = wires[kind.name], { source, right } = figure.state();
      const isUsual = taps === USUAL[kind.name] || taps === "none";
      if (isUsual || reasons(source, right).length) return kind;
      const [asking, asked] = [data.sides[taps[0]], data.sides[taps[1]]];
      const name = taps[1] === "t" ? filled("soFar", { asked: asked[0] }) : asked[0];
      const side = { s: "source", t: "said" };
      return { ...kind, title: filled("title", { asking: asking[0], asked: name }),
        asks: ["", asking[1]], asked: ["", asked[1]],
        sides: [side[taps[0]], side[taps[1]]], shift: taps[1] === "t" ? 1 : 0 };
    };

    figure.drawn.push(state => {
      const refused = reasons(state.source, state.right);
      const isUsual = Object.keys(USUAL).every(kind => wires[kind] === USUAL[kind]);
      card.classList.toggle("refused", refused.length > 0);
      if (refused.length) {
        card.querySelector(".says").innerHTML = "";
        card.querySelector(".verdict").innerHTML = `<span class="wrong">✗ nothing</span>`;
      } else if (state.would) showWould(state);
      part.outcome.innerHTML = isUsual && !guess ? "" : outcome(state, refused, isUsual);
    });

    // What it would say after each of the right words.
    function showWould({ would, right }) {
      const wanted = [...right, "(end)"];
      const shown = would.map(word => word === "<end>" ? "(end)" : word);
      card.querySelector(".says").innerHTML = maps.words(shown, "said", data.languages[1]);
      card.querySelectorAll(".says button").forEach((button, i) =>
        button.classList.toggle("miss", shown[i] !== wanted[i]));
      card.querySelector(".verdict").innerHTML = "";
    }

    function outcome(state, refused, isUsual) {
      const said = guess ? [filled("expected", { guess })] : [];
      if (isUsual) return [...said, TEXT.usual].join(" ");
      if (refused.length) {
        said.push(filled("refused", { reasons: maps.escape(refused.join("; ")) }));
        if (state.right && wires.encoder === "sss") {
          said.push(filled("equal", { numbers: data.equal.join(", ") }));
        }
      } else if (state.would) {
        const wanted = [...state.right, "<end>"];
        const hits = state.would.filter((word, i) => word === wanted[i]).length;
        said.push(filled("silent", { rows: wanted.length, hits }));
      } else {
        const own = data.trained[`${wires.decoder} ${wires.cross}`];
        said.push(TEXT.runs, own
          ? filled("trained", { own, usual: data.trained[engine.WIRES], task: data.trainedOn })
          : TEXT.untrained);
      }
      return said.join(" ");
    }

    // -- pressing

    function apply(said) {
      wires = chosen();
      guess = said;
      part.guesses.hidden = true;
      return figure.answer();
    }

    for (const box of boxes) {
      box.addEventListener("change", () => {
        part.outcome.innerHTML = "";
        const isSame = JSON.stringify(chosen()) === JSON.stringify(wires);
        mark(chosen());
        part.guesses.hidden = isSame;
      });
    }
    part.guesses.addEventListener("click", event => {
      const button = event.target.closest("button");
      if (button) apply(button.textContent).then(() => part.outcome.focus());
    });
    part.reset.addEventListener("click", () => {
      choose(USUAL);
      apply("");
    });
    for (const control of controls) control.disabled = control === part.reset;

    figure.address?.("wires", {
      read: text => {
        const [encoder, decoder, cross] = text.split("-");
        choose({ ...USUAL, ...(cross && { encoder, decoder, cross }) });
        apply("");
      },
      write: () => Object.keys(USUAL).every(kind => wires[kind] === USUAL[kind]) ? ""
        : `${wires.encoder}-${wires.decoder}-${wires.cross}`,
    });
  });
})();
