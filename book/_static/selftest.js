/* The self-test of the book's live figures: does the engine run, do the models' numbers arrive, and
   do they say what NumPy said when the book was built? `selftest.html` loads this last. */
"use strict";

(() => {
  const TEXT = {
    engine: "engine.js did not arrive. Was the whole folder unpacked, with _static in it?",
    missing: "its file did not arrive: _static/live/{name}.js",
    same: "says the same as NumPy in {count} of {all} sources",
    other: "read {source}: said “{said}”, NumPy said “{says}”",
    good: "✓ all is well: {models} models run in this browser.",
    bad: "✗ not all is well: {bad} of {models} models do not run as they should.",
  };
  const filled = (name, parts) => TEXT[name].replace(/\{(\w+)\}/g, (_, part) => parts[part]);
  const place = id => document.getElementById(id);

  function tell(element, good, text) {
    element.className = good ? "good" : "bad";
    element.textContent = `${good ? "✓" : "✗"} ${text}`;
  }

  async function tried(name, recorded) {
    let model;
    try {
      model = await engine.load(name);
    } catch {
      return [false, filled("missing", { name })];
    }
    const wrong = recorded.map(({ source, says }) => ({ source: source.join(" "),
      says: says.join(" "), said: engine.run(model, source).said.join(" ") }))
      .filter(({ says, said }) => says !== said);
    const all = recorded.length, same = filled("same", { count: all - wrong.length, all });
    return [!wrong.length, [same, ...wrong.map(one => filled("other", one))].join("; ")];
  }

  async function test() {
    const data = JSON.parse(place("recorded").textContent), names = Object.keys(data);
    if (typeof engine === "undefined") return tell(place("verdict"), false, TEXT.engine);
    let bad = 0;
    for (const name of names) {
      const [good, text] = await tried(name, data[name]);
      tell(place(name), good, text);
      bad += !good;
    }
    place("verdict").className = bad ? "bad" : "good";
    place("verdict").textContent = filled(bad ? "bad" : "good", { bad, models: names.length });
  }

  document.addEventListener("DOMContentLoaded", test);
})();
