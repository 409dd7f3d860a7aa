/* The words of numbers in English, French and German, as helpers.tasks.number_words says them,
   and the number that has given words. */
"use strict";

const numberNames = (() => {
  const WORDS = {
    en: "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen " +
      "fifteen sixteen seventeen eighteen nineteen",
    fr: "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze " +
      "seize dix_sept dix_huit dix_neuf",
    de: "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn " +
      "fünfzehn sechzehn siebzehn achtzehn neunzehn",
  };
  const TENS = {
    en: "twenty thirty forty fifty sixty seventy eighty ninety",
    fr: "vingt trente quarante cinquante soixante soixante quatre_vingt quatre_vingt",
    de: "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
  };
  const word = (language, n) => WORDS[language].split(" ")[n];
  const ten = (language, n) => TENS[language].split(" ")[n - 2];
  const spaced = (...parts) => parts.filter(Boolean).join("_");

  const BELOW_1000 = {
    en(n) {
      const [hundreds, rest] = [Math.floor(n / 100), n % 100];
      const small = rest < 20 ? rest && word("en", rest)
        : spaced(ten("en", Math.floor(rest / 10)), rest % 10 && word("en", rest % 10));
      const hundred = hundreds && `${word("en", hundreds)}_hundred`;
      return spaced(hundred, hundreds && rest && "and", small);
    },
    fr(n, last) {  // quatre vingts and deux cents have their s where no number follows
      const [hundreds, rest] = [Math.floor(n / 100), n % 100];
      let small = rest && word("fr", rest);
      if (rest > 19) {
        const tens = Math.floor(rest / 10), score = tens === 7 || tens === 9;
        const unit = rest - 10 * (score ? tens - 1 : tens);
        const and = (unit === 1 || unit === 11) && tens < 8 && "et";
        small = spaced(ten("fr", tens) + (rest === 80 && last ? "s" : ""), and,
          unit && word("fr", unit));
      }
      const cent = hundreds && (hundreds > 1 && !rest && last ? "cents" : "cent");
      return spaced(hundreds > 1 && word("fr", hundreds), cent, small);
    },
    de(n, last) {  // eins, but eintausend
      const [hundreds, rest] = [Math.floor(n / 100), n % 100], unit = rest % 10;
      const small = rest < 20 ? rest && word("de", rest)
        : (unit ? `${word("de", unit)}und` : "") + ten("de", Math.floor(rest / 10));
      const one = rest === 1 && (last || n > 1) && "s";
      return [hundreds && `${word("de", hundreds)}hundert`, small, one].filter(Boolean).join("");
    },
  };

  const NUMBER_WORDS = {
    en(n, groups) {
      const [billions, millions, thousands, rest] = groups.map(group => BELOW_1000.en(group));
      return spaced(billions && `${billions}_billion`, millions && `${millions}_million`,
        thousands && `${thousands}_thousand`, n > 999 && groups[3] < 100 && rest && "and", rest);
    },
    fr(n, [billions, millions, thousands, rest]) {
      const many = (group, name) =>
        group && `${BELOW_1000.fr(group, true)}_${name}${group > 1 ? "s" : ""}`;
      return spaced(many(billions, "milliard"), many(millions, "million"),
        thousands > 1 && BELOW_1000.fr(thousands, false), thousands && "mille",
        BELOW_1000.fr(rest, true));
    },
    de(n, [billions, millions, thousands, rest]) {
      const many = (group, name, end) => group &&
        (group > 1 ? `${BELOW_1000.de(group)} ${name}${end}` : `eine ${name}`);
      const small = (thousands ? `${BELOW_1000.de(thousands)}tausend` : "") +
        BELOW_1000.de(rest, true);
      return [many(billions, "Milliarde", "n"), many(millions, "Million", "en"), small]
        .filter(Boolean).join(" ");
    },
  };

  function numberWords(n, language) {
    const groups = [1e9, 1e6, 1e3, 1].map(unit => Math.floor(n / unit) % 1000);
    const said = NUMBER_WORDS[language](n, groups) || word(language, 0);
    return language === "de" ? [...said] : said.split("_");
  }

  // The number that has these words, or undefined if none has.
  function numberFrom(words, language) {
    const entry = n => [numberWords(n, language).join(" "), n];
    const all = numberFrom[language] ??= new Map([1, 1e3, 1e6, 1e9].flatMap(unit =>
      Array.from({ length: 1000 }, (_, k) => entry(k * unit))));
    let n = 0;
    for (let at = 0, to; at < words.length; at = to) {
      for (to = words.length; to > at && !all.has(words.slice(at, to).join(" ")); ) to--;
      if (to > at) n += all.get(words.slice(at, to).join(" "));
      else if (words[to++] !== " ") return undefined;
    }
    return numberWords(n, language).join(" ") === words.join(" ") ? n : undefined;
  }

  return { numberWords, numberFrom };
})();
