/* Shows what fits a search best above Sphinx's own results: a term, a page, a section, each with
   the first sentence that stands there. The index, search_index.js, calls searchFirst(entries). */
const searchFirst = (() => {
  "use strict";

  const MOST = 8;
  const KINDS = {term: 3, page: 2, section: 1};
  const STOP = new Set(("a an and are as at by do does for from how i in is it its of on or the to " +
    "what when which who why with you").split(" "));

  const stem = word => word.replace(/(ies)$/, "y").replace(/(?<=..)(ing|ed|es|s|e)$/, "")
    .replace(/(.)\1$/, "$1");
  const words = text => (text.toLowerCase().match(/√|[\p{L}\d]+/gu) ?? [])
    .map(word => word === "sqrt" || word === "root" ? "√" : word);
  const stems = text => words(text).filter(word => !STOP.has(word)).map(stem);

  /* How well an entry fits: what share of the asked words its title has, and, less, its sentence;
     and what share of its title was asked for. */
  function fit(asked, [kind, title, page, , sentence]) {
    const inTitle = new Set(stems(title));
    const near = new Set([...stems(sentence), ...stems(page)]);
    let hits = 0, found = 0;
    for (const word of asked) {
      if (inTitle.has(word)) { hits += 1; found += 1; }
      else if (near.has(word)) found += 0.3;
    }
    if (found < asked.length * 0.29) return 0;
    const exact = hits === asked.length && inTitle.size === asked.length;
    return 10 * found / asked.length + 3 * hits / Math.max(inTitle.size, 1) + KINDS[kind] / 2 +
      (exact ? 10 : 0);
  }

  function item([kind, title, page, address, sentence]) {
    const line = document.createElement("li"), link = document.createElement("a");
    link.href = address;
    link.textContent = title;
    const place = kind === "page" ? "" : kind === "term" ? ", in the glossary" : `, in ${page}`;
    const text = document.createElement("p");
    text.textContent = sentence;
    line.append(link, place, text);
    return line;
  }

  return entries => {
    const query = new URLSearchParams(location.search).get("q") ?? "";
    const asked = [...new Set(stems(query))];
    if (!asked.length) return;
    const ranked = entries.map(entry => [fit(asked, entry), entry])
      .filter(([score]) => score > 0).sort((a, b) => b[0] - a[0]).slice(0, MOST);
    if (!ranked.length) return;
    const section = document.createElement("section"), list = document.createElement("ol");
    section.id = "search-first";
    section.innerHTML = "<h2>What fits best</h2>";
    list.append(...ranked.map(([, entry]) => item(entry)));
    section.append(list);
    document.getElementById("search-results").before(section);
  };
})();
