/* The cards that `figures.predict` writes: what a reader predicts, kept in the browser, and set
   beside what was measured. A prediction is a number, a choice's text, or a curve's values. */
"use strict";

(() => {
  const TEXT = {
    kept: "Kept in this browser: {said}. You meet it again where the answer stands.",
    brief: "Kept until you leave the page, since this browser keeps nothing: {said}.",
    none: "Type {range}.",
    undrawn: "Draw first: not all points have been moved.",
    curve: "your curve",
    forget: "forget it",
    change: "Change it",
    point: "{x}: {y}",
    you: "you said",
    it: "measured",
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  const escape = text => text.replace(/[&<>"]/g, sign => `&#${sign.charCodeAt(0)};`);
  const printed = value => value.toLocaleString("en-US");  // three decimals at most
  const short = value => value.toFixed(2);
  const counted = (value, unit) => printed(value) + (unit ? ` ${unit}` : "");
  const along = ({ from, to }, value) =>
    to[0] + (value - from[0]) / (from[1] - from[0]) * (to[1] - to[0]);

  // ---- what is kept: the browser may refuse, as from a file or in a private window --------------

  const memory = new Map();
  const key = name => `attention-measured:prediction:${name}`;

  function stored(name) {
    if (memory.has(name)) return memory.get(name);
    try {
      return JSON.parse(localStorage.getItem(key(name)));
    } catch {
      return null;
    }
  }

  /* Keep a prediction, or forget it if it is null; return whether it will last. */
  function keep(name, said) {
    memory.set(name, said);
    let lasts = true;
    try {
      if (said === null) localStorage.removeItem(key(name));
      else localStorage.setItem(key(name), JSON.stringify(said));
    } catch {
      lasts = false;
    }
    document.dispatchEvent(new CustomEvent("predicted", { detail: name }));
    return lasts;
  }

  /* What was kept, if the question is still the one that it answers. */
  function prediction({ name, kind, options, at }) {
    const said = stored(name), isNumber = Number.isFinite;
    if (kind === "number") return isNumber(said) ? said : null;
    if (kind === "choices") return options.includes(said) ? said : null;
    return Array.isArray(said) && said.length === at.length && said.every(isNumber) ? said : null;
  }

  // ---- the card that asks ------------------------------------------------------------------------

  const fields = { number: numberField, choices: choiceField, curve: curveField };

  function question(card) {
    const data = dataOf(card), form = card.querySelector("form");
    const status = card.querySelector(".kept"), button = form.querySelector("[type=submit]");
    const field = fields[data.kind](card, data, () => submit());

    function say(text) {
      status.textContent = text;
    }

    function submit() {
      const { said, trouble } = field.read();
      if (trouble) return say(trouble);
      tell(said, keep(data.name, said));
    }

    function tell(said, lasts = true) {
      say(fill(lasts ? TEXT.kept : TEXT.brief, { said: field.inWords(said) }) + " ");
      const forget = document.createElement("button");
      forget.type = "button";
      forget.textContent = TEXT.forget;
      forget.onclick = () => {
        keep(data.name, null);
        field.write(null);
        say("");
      };
      status.append(forget);
    }

    form.addEventListener("submit", event => {
      event.preventDefault();
      submit();
    });
    if (button) button.disabled = false;
    const said = prediction(data);
    if (said === null) return;
    field.write(said);
    tell(said);
  }

  function numberField(card, { span, unit }) {
    const input = card.querySelector("input");
    input.disabled = false;
    return {
      read() {
        const typed = input.value.replace(/[\s,]/g, ""), said = Number(typed);
        const isRight = typed && said >= span[0] && said <= span[1];
        input.setAttribute("aria-invalid", !isRight);
        return isRight ? { said } : { trouble: fill(TEXT.none, {
          range: `a number from ${printed(span[0])} to ${printed(span[1])}` }) };
      },
      write(said) {
        input.value = said === null ? "" : printed(said);
      },
      inWords: said => counted(said, unit),
    };
  }

  function choiceField(card, { options }, submit) {
    const radios = [...card.querySelectorAll("input")];
    controls.listen(card, submit);
    return {
      read: () => ({ said: options[radios.findIndex(radio => radio.checked)] }),
      write: said => radios.forEach((radio, i) => radio.checked = options[i] === said),
      inWords: said => said,
    };
  }

  /* A sheet to draw on. Each of its points is a slider as well, moved by the arrow keys. */
  function curveField(card, data) {
    const sheet = card.querySelector(".sheet"), svg = card.querySelector("svg");
    const points = [...svg.querySelectorAll("circle")], line = svg.querySelector("polyline");
    const places = data.at.map(x => along(data.x, x)), [low, high] = data.span;
    const step = (high - low) / 100, middle = (low + high) / 2;
    const moves = { ArrowUp: 5, ArrowRight: 5, ArrowDown: -5, ArrowLeft: -5,
      PageUp: 20, PageDown: -20, Home: -100, End: 100 };
    let values, moved, last = null;

    function set(i, value) {
      const whole = Math.round((value - low) / step);
      values[i] = Number((low + step * Math.max(0, Math.min(100, whole))).toPrecision(12));
      moved.add(i);
    }

    function draw() {
      const heights = values.map(value => along(data.y, value));
      line.setAttribute("points", places.map((x, i) => `${x},${heights[i]}`).join(" "));
      points.forEach((point, i) => {
        point.setAttribute("cy", heights[i]);
        point.classList.toggle("moved", moved.has(i));
        point.setAttribute("aria-valuenow", values[i]);
        point.setAttribute("aria-valuetext", short(values[i]));
      });
      sheet.classList.toggle("untouched", !moved.size);
    }

    /* Where the pointer is: the nearest point, and the value there. */
    function pointed(event) {
      const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(
        svg.getScreenCTM().inverse());
      const { from, to } = data.y;
      const value = from[0] + (at.y - to[0]) / (to[1] - to[0]) * (from[1] - from[0]);
      const far = places.map(x => Math.abs(x - at.x));
      return { x: at.x, i: far.indexOf(Math.min(...far)), value };
    }

    /* Set the points that lie between where the pointer was and where it is. */
    function follow(event) {
      const here = pointed(event), from = last ?? here;
      places.forEach((x, i) => {
        const share = (x - from.x) / (here.x - from.x);
        if (share >= 0 && share <= 1) set(i, from.value + share * (here.value - from.value));
      });
      set(here.i, here.value);
      last = here;
      draw();
    }

    svg.addEventListener("pointerdown", event => {
      event.preventDefault();
      svg.setPointerCapture(event.pointerId);
      last = null;
      follow(event);
      points[last.i].focus({ preventScroll: true });
    });
    svg.addEventListener("pointermove", event => event.buttons && last && follow(event));
    svg.addEventListener("pointerup", () => last = null);
    svg.addEventListener("pointercancel", () => last = null);
    points.forEach((point, i) => {
      const about = { role: "slider", tabindex: 0, "aria-orientation": "vertical",
        "aria-valuemin": low, "aria-valuemax": high,
        "aria-label": `${data.axes[1]}, ${data.axes[0]} ${printed(data.at[i])}` };
      for (const name in about) point.setAttribute(name, about[name]);
      point.addEventListener("keydown", event => {
        if (event.key === "Enter") return card.querySelector("form").requestSubmit();
        if (!(event.key in moves)) return;
        event.preventDefault();
        set(i, values[i] + moves[event.key] * step);
        draw();
      });
    });

    function write(said) {
      values = said ? [...said] : places.map(() => middle);
      moved = new Set(said ? values.keys() : []);
      draw();
    }
    write(null);
    return {
      read: () => moved.size < values.length ? { trouble: TEXT.undrawn } : { said: [...values] },
      write,
      inWords: () => TEXT.curve,
    };
  }

  // ---- the card that answers -----------------------------------------------------------------

  function answer(card) {
    const data = dataOf(card), place = card.querySelector(".compared"), before = place.innerHTML;
    const show = () => {
      const said = prediction(data);
      place.innerHTML = said === null ? before : compared(data, said);
    };
    document.addEventListener("predicted", event => event.detail === data.name && show());
    show();
  }

  function compared(data, said) {
    const note = data.note && ` ${escape(data.note)}`;
    const change = ` <a href="#predict-${data.name}">${TEXT.change}</a>`;
    const sentence = `<p>${sentences[data.kind](data, said)}${note}${change}</p>`;
    if (data.kind === "choices") return sentence;
    return `${sentence}<svg viewBox="0 0 360 ${data.height}" aria-hidden="true">` +
      `${data.drawing}${data.marks}${marks[data.kind](data, said)}</svg>` +
      (data.kind === "curve" ? table(data, said) : "");
  }

  const sentences = {
    number: ({ text, unit, you, it, measured }, said) =>
      fill(text.number, { you, it, measured, said: counted(said, unit) }),
    choices: ({ sentences }, said) => sentences[said],
    curve({ text, you, it, at, axes, values }, said) {
      const away = said.map((value, i) => Math.abs(value - values[i]));
      const i = away.indexOf(Math.max(...away));
      return fill(text.curve, { you, it, x: `${escape(axes[0])} ${printed(at[i])}`,
        said: short(said[i]), measured: short(values[i]),
        away: short(away.reduce((sum, one) => sum + one, 0) / away.length) });
    },
  };

  const marks = {
    number: ({ x }, said) =>
      `<path d="M${along(x, said)} 18l-6 -12h12z" style="fill:var(--said)"/>`,
    curve({ x, y, at }, said) {
      const points = at.map((one, i) => `${along(x, one)},${along(y, said[i])}`);
      return `<polyline class="ghost" points="${points.join(" ")}"/>`;
    },
  };

  function table({ at, axes, values }, said) {
    const row = (name, cells, tag = "td") => `<tr><th scope="row">${escape(name)}</th>` +
      cells.map(cell => `<${tag}>${cell}</${tag}>`).join("") + "</tr>";
    return `<div class="scroll" tabindex="0" role="region" aria-label="${escape(axes[1])}">` +
      `<table>${row(axes[0], at.map(printed), 'th')}` +
      `${row(TEXT.you, said.map(short))}${row(TEXT.it, values.map(short))}</table></div>`;
  }

  const dataOf = card => JSON.parse(card.querySelector("script").textContent);
  document.querySelectorAll("figure.prediction:not(.answer)").forEach(question);
  document.querySelectorAll("figure.prediction.answer").forEach(answer);
})();
