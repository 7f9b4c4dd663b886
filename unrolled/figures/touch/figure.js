// The figure: a network that one steps through, forwards and back, and whose every number one may
// change. This is an ES module with the contract of anywidget, `export default { render }`, so that the
// same file serves JupyterLab, a published page, MyST and marimo.

import { STATE, backwards, forwards, valueOf } from "./engine.js";
import { element } from "./cells.js";
import { fill, layout, svg, tikz } from "./drawing.js";
import { arithmetic, litBy, momentsOf, rowsOf, sentence, spoken } from "./explain.js";
import { html, number, vector } from "./notation.js";
import { Guess, OwnNumbers } from "./asking.js";
import { arithmeticRoom, columnsOf, roomFor, sheet, table } from "./sheet.js";
import { copy, fromText, python, save, standalone } from "./share.js";
import { LIMITS, NAMES, at, complete, fromAddress, misfit, resized, sizes, toAddress, withValue } from "./state.js";

const SPEEDS = { "½×": 3200, "1×": 1600, "2×": 800 }; // milliseconds a moment
const FLIGHT = 300; // milliseconds for what moves along an arrow
const MODES = { watch: "Watch", predict: "Predict", check: "Check mine" };
const VIEWS = { forwards: "Forwards", backwards: "Backwards" };

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
let touched; // the figure that the reader touched last: arrow keys are for it

class Figure {
  constructor(root, given, address, onChange) {
    this.root = root;
    this.given = complete(given);
    this.address = address;
    this.onChange = onChange;
    this.past = [];
    this.own = new OwnNumbers();
    this.build();
    this.show(this.fromAddress() ?? this.given);
    if (address) window.addEventListener("hashchange", this.onAddress = () => this.fromAddress() && this.show(this.fromAddress()));
  }

  // Another state altogether
  show(state) {
    this.chosen = undefined;
    this.state = { ...state };
    this.compute();
    this.rebuild();
  }

  // --- The state in the address --------------------------------------------------------------------

  // "#NAME:W_h.1.0=2&step=5": what differs from the state that was given, of one figure of the page
  fromAddress() {
    const start = `#${this.address}:`;
    return this.address && location.hash.startsWith(start) ? fromAddress(location.hash.slice(start.length), this.given) : undefined;
  }

  link() {
    return `${location.href.split("#")[0]}#${this.address}:${toAddress(this.state, this.given)}`;
  }

  writeAddress() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => history.replaceState(null, "", this.link()), 250);
  }

  // --- What is shown -------------------------------------------------------------------------------

  compute() {
    const { state } = this;
    this.run = backwards(forwards(state), state.seeds);
    this.moments = momentsOf(state.kind, state.view, state.xs.length);
    this.state.step = Math.min(Math.max(0, Math.round(state.step)), this.moments.length - 1);
  }

  get moment() { return this.moments[this.state.step]; }
  get shownState() { return { ...this.state, asked: !!this.guess && !this.guess.solved }; }
  // Where one's own numbers are checked, none is given away; where one is asked, what follows is not
  get hides() { return this.state.mode === "check" ? "all" : this.shownState.asked; }

  valueAt(path) { return at(this.state, path); }

  // --- What the reader does ------------------------------------------------------------------------

  become(state, { anew = true } = {}) {
    if (anew) this.past.push(this.state);
    if (this.past.length > 200) this.past.shift();
    this.state = { ...state };
    this.changed();
  }

  changed() {
    this.compute();
    if (this.shape() !== this.built) this.rebuild();
    else {
      this.ask(); // another network is another question
      this.refresh();
    }
    this.onChange(this.state);
  }

  // What decides which cells there are
  shape() {
    const { kind, view, mode } = this.state;
    return JSON.stringify([kind, view, mode, sizes(this.state)]);
  }

  edit(path, value, anew) {
    this.become(withValue(this.state, path, value), { anew });
  }

  undo() {
    const before = this.past.pop();
    if (!before) return;
    const { step, view, mode } = this.state;
    this.state = { ...before, view, mode, step };
    this.built = undefined;
    this.changed();
    this.say("Undone.");
  }

  reset() {
    this.own = new OwnNumbers();
    this.built = undefined;
    this.become({ ...this.given, view: this.state.view, mode: this.state.mode, step: this.state.step });
    this.say("As it was given.");
  }

  go(step, { walk = false } = {}) {
    const next = Math.min(Math.max(0, step), this.moments.length - 1);
    if (next === this.state.step) return false;
    const onwards = walk && next === this.state.step + 1;
    this.chosen = undefined;
    this.state = { ...this.state, step: next };
    this.showMoment();
    if (onwards) this.fly();
    this.onChange(this.state);
    return true;
  }

  next() {
    if (this.guess && !this.guess.solved) return this.checkGuess();
    return this.go(this.state.step + 1, { walk: true });
  }

  // To the moment in which a quantity of step t is computed
  goTo(name, t, entry, d) {
    const isIt = (each) => each.t === t && [each.name, each.line?.to].includes(name) && !!each.d === !!d;
    let found = this.moments.findIndex(isIt);
    if (found < 0) found = this.moments.findIndex((each) => each.t === t);
    if (found < 0) return;
    this.go(found);
    const rows = this.rows();
    const row = rows.findLastIndex((each) => each.right?.of === name && ["result", "sum"].includes(each.role));
    if (entry !== undefined && row >= 0) this.choose(row, entry);
  }

  choose(row, entry) {
    this.chosen = { row, entry };
    this.light();
  }

  turn(view) {
    if (view === this.state.view) return;
    this.chosen = undefined;
    this.become({ ...this.state, view, step: view === "backwards" ? 1 : Math.min(1, this.moments.length) }, { anew: false });
    this.voice();
  }

  setMode(mode) {
    this.stop();
    this.own = new OwnNumbers();
    this.message("");
    this.become({ ...this.state, mode }, { anew: false });
  }

  resize(axis, size) {
    if (size < 1 || size > LIMITS[axis]) return;
    this.chosen = undefined;
    this.become(resized(this.state, axis, size));
    this.say(`${size} ${size === 1 ? NAMES[axis].slice(0, -1) : NAMES[axis]}.`);
  }

  // --- Playing -------------------------------------------------------------------------------------

  play() {
    if (this.playing) return this.stop();
    if (this.state.step === this.moments.length - 1) this.go(0);
    const tick = () => {
      if (!this.go(this.state.step + 1, { walk: true })) return this.stop();
      this.playing = setTimeout(tick, SPEEDS[this.parts.speed.value]);
    };
    this.playing = setTimeout(tick, 250);
    this.showPlaying();
  }

  stop() {
    clearTimeout(this.playing);
    this.playing = undefined;
    this.showPlaying();
  }

  showPlaying() {
    const { play } = this.parts;
    play.classList.toggle("pause", !!this.playing);
    play.setAttribute("aria-label", this.playing ? "Pause" : "Play");
  }

  // What the lit arrows carry is seen on its way
  fly() {
    if (still() || !this.root.animate) return;
    for (const arrow of this.root.querySelectorAll(".un-arrow.on > path:first-child")) {
      const dot = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      dot.setAttribute("r", 6);
      dot.setAttribute("class", "un-dot");
      arrow.ownerSVGElement.append(dot);
      const length = arrow.getTotalLength(), stops = 12;
      const points = Array.from({ length: stops + 1 }, (_, i) => arrow.getPointAtLength((length * i) / stops));
      const frames = points.map(({ x, y }) => ({ transform: `translate(${x}px, ${y}px)` }));
      dot.animate(frames, { duration: FLIGHT, easing: "ease-in-out" }).finished.then(() => dot.remove(), () => dot.remove());
    }
    for (const cell of this.root.querySelectorAll(".un-box.now .un-fill, .un-box.now .un-cell text")) {
      cell.animate([{ opacity: 0 }, { opacity: 0, offset: 0.6 }, { opacity: 1 }], { duration: FLIGHT * 1.5 });
    }
  }

  // --- Predicting ----------------------------------------------------------------------------------

  // What is asked for at this moment, if anything is
  ask() {
    const { name, t, d } = this.moment;
    const asks = this.state.mode === "predict" && name !== undefined;
    this.guess = asks ? new Guess(valueOf(this.run, { of: name, at: 0, d }, t)) : undefined;
    if (this.state.mode !== "predict") return;
    this.message(asks ? `What is ${html({ name, t, d })}? Type it into the empty cells, then press ▶.` : "");
  }

  checkGuess() {
    const { guess, moment: { name, t, d } } = this, many = guess.right.length;
    if (guess.missing >= 0) {
      this.message(`Type ${many === 1 ? "a number" : `all ${many} numbers`} first: entry ${guess.missing + 1} is still empty.`);
      this.root.querySelectorAll(".un-sheet .un-answer")[guess.missing]?.focus();
      return;
    }
    const wrong = guess.check();
    if (wrong < 0) {
      this.message(`Right: ${html({ name, t, d })} = ${vector(guess.right)}. On with ▶.`);
    } else {
      const fine = guess.marks.filter((each) => each === "right").length;
      const product = arithmetic(this.state, this.run, this.moment, this.rows().at(-1), wrong);
      this.message(`${many === 1 ? "" : `${fine} of ${many} right. `}Entry ${wrong + 1} is not ${number(guess.values[wrong])}: ${product}`);
    }
    this.refresh();
    this.showVerdict();
    if (guess.solved) this.fly();
  }

  reveal() {
    this.guess.reveal();
    this.message("");
    this.rebuildSheet();
    this.refresh();
  }

  // --- Checking a computation by hand --------------------------------------------------------------

  checkOwn() {
    const d = this.state.view === "backwards";
    const names = columnsOf(this.state).filter(({ name, seed }) => name !== "x" && !seed).map(({ name }) => name);
    const { count, first } = this.own.check(this.run, this.moments, names, d);
    if (first) this.state = { ...this.state, step: first.step };
    this.chosen = undefined;
    this.showMoment();
    this.message(this.verdict(count, first));
    this.showVerdict();
  }

  verdict(count, first) {
    if (!count) return "Type or paste numbers of your own into the table first, as many as you like.";
    if (!first) return `All ${count} of your numbers are right.`;
    const { name, t, i, mine, right, d } = first, rows = this.rows();
    const row = rows.findLast((each) => each.right?.of === name && ["sum", "result"].includes(each.role)) ?? rows.at(-1);
    const text = arithmetic(this.state, this.run, this.moment, row, i);
    return `The first that differs is entry ${i + 1} of ${html({ name, t, d })}: you have ${number(mine, 1)}, it is ${number(right, 1)}.<br>${text}`;
  }

  // A network, and numbers of one's own, as text
  takeText(text) {
    try {
      const { changes, own } = fromText(text, this.state);
      const state = changed(this.state, changes), d = state.view === "backwards";
      this.own = new OwnNumbers();
      for (const [name, rows] of Object.entries(own)) this.own.setAll(d ? name.replace(/^d_?/, "") : name, rows);
      this.built = undefined;
      this.become(state);
      if (Object.keys(own).length) this.checkOwn();
      else this.message("Taken.");
    } catch (error) {
      this.message(`That was not understood: ${escaped(error.message)}.`);
    }
  }

  // --- The page ------------------------------------------------------------------------------------

  build() {
    const { root, given } = this;
    const part = (name, tag = "div", attributes = {}) => element(tag, { class: `un-${name}`, ...attributes });
    const parts = {
      views: this.choiceOf("Direction", VIEWS, (view) => this.turn(view)),
      modes: this.choiceOf("What to do", MODES, (mode) => this.setMode(mode)),
      sentence: part("sentence"), drawing: part("drawing", "div", { role: "img" }), sheet: part("sheet-place"),
      arithmetic: part("equation", "p"), message: part("message", "div", { role: "status" }), room: part("room", "div", { "aria-hidden": "true" }), table: part("table", "div", { role: "region", "aria-label": `The whole run: ${given.title ?? given.kind}`, tabindex: "0" }),
      voice: part("voice", "p", { "aria-live": "polite" }), actions: part("actions"),
      sizes: part("sizes"),
    };
    this.parts = parts;
    root.classList.add("un-figure");
    root.setAttribute("role", "group");
    root.setAttribute("aria-label", given.title ?? `${given.kind} network`);
    const title = element("p", { class: "un-title" }, given.title ?? "");
    const switches = element("div", { class: "un-switches" }, parts.views.element, parts.modes.element, this.share());
    parts.told = element("div", { class: "un-arithmetic" }, element("div", {}, parts.message, parts.arithmetic), parts.room);
    const stage = element("div", { class: "un-stage" }, parts.drawing, parts.sheet, parts.told);
    root.replaceChildren(title, switches, parts.sentence, stage, parts.actions, this.bar(), parts.table, this.tools(), parts.voice);
    this.listen();
  }

  // Buttons of which one is pressed
  choiceOf(label, choices, onChoose) {
    const group = element("div", { class: "un-choices", role: "group", "aria-label": label });
    for (const [value, text] of Object.entries(choices)) {
      group.append(element("button", { type: "button", "data-value": value, onclick: () => onChoose(value) }, text));
    }
    const show = (now) => group.querySelectorAll("button").forEach((each) => each.setAttribute("aria-pressed", String(each.dataset.value === now)));
    return { element: group, show };
  }

  bar() {
    const { parts } = this;
    const button = (name, label, onclick) => element("button", { type: "button", class: `un-button un-${name}`, "aria-label": label, title: label, onclick });
    parts.back = button("back", "Back one moment", () => { this.stop(); this.go(this.state.step - 1); });
    parts.next = button("next", "On one moment", () => { this.stop(); this.next(); });
    parts.play = button("play", "Play", () => this.play());
    parts.slider = element("input", { type: "range", class: "un-slider", min: "0", step: "1", "aria-label": "Moment" });
    parts.slider.addEventListener("input", () => { this.stop(); this.go(Number(parts.slider.value)); });
    parts.ticks = element("div", { class: "un-ticks", "aria-hidden": "true" });
    parts.speed = element("select", { class: "un-speed", "aria-label": "Speed" }, ...Object.keys(SPEEDS).map((name) => element("option", { value: name, selected: name === "1×" }, name)));
    return element("div", { class: "un-bar" }, parts.back, parts.next,
      element("div", { class: "un-track" }, parts.slider, parts.ticks), parts.play, parts.speed);
  }

  tools() {
    const { parts } = this;
    parts.undo = textButton("Undo", () => this.undo());
    parts.reset = textButton("Reset", () => this.reset());
    return element("div", { class: "un-tools" }, parts.undo, parts.reset, parts.sizes);
  }

  share() {
    const { parts } = this, button = textButton;
    const name = () => `${this.state.kind.toLowerCase()}-${this.state.view}-${this.state.step}`;
    const done = (told) => { this.say(told, true); share.open = false; };
    const copied = (text, what) => copy(text).then(() => done(`${what} copied.`));
    parts.shared = element("span", { class: "un-told" });
    const share = element("details", { class: "un-share" }, element("summary", {}, "Share ", parts.shared), element("div", {},
      this.address ? button("Copy link", () => copied(this.link(), "Link")) : undefined,
      button("Copy as Python", () => copied(python(this.state), "Python")),
      button("Save as SVG", () => { save(`${name()}.svg`, standalone(this.root.querySelector(".un-svg")), "image/svg+xml"); done("Saved."); }),
      button("Copy as TikZ", () => copied(tikz(this.state, this.run), "TikZ"))));
    return share;
  }

  showSizes() {
    const now = sizes(this.state);
    this.parts.sizes.replaceChildren(...Object.entries(NAMES).filter(([axis]) => axis in now && (axis !== "o" || now.o)).map(([axis, name]) => {
      const one = (by, sign, label) => element("button", {
        type: "button", class: "un-text un-small", "aria-label": label, disabled: now[axis] + by < 1 || now[axis] + by > LIMITS[axis],
        onclick: () => { this.resize(axis, now[axis] + by); this.parts.sizes.querySelector(`[aria-label="${label}"]`)?.focus(); },
      }, sign);
      return element("span", { class: "un-size" }, one(-1, "−", `one of the ${name} less`), `${now[axis]} ${now[axis] === 1 ? name.slice(0, -1) : name}`, one(1, "+", `one of the ${name} more`));
    }));
  }

  // --- Building and refreshing ---------------------------------------------------------------------

  rows() { return rowsOf(this.state, this.run, this.moment); }

  // All cells anew: another network, other sizes, another view or mode
  rebuild() {
    const { parts, state, run, moments } = this;
    this.built = this.shape();
    parts.views.show(state.view);
    parts.modes.show(state.mode);
    this.root.dataset.mode = state.mode;
    this.root.dataset.view = state.view;
    parts.drawing.innerHTML = svg(layout(this.shownState, run, moments, state.step));
    this.room = roomFor(state, run, moments);
    this.sentenceRoom = sentences(state, moments, state.xs.length);
    const verdict = state.mode === "watch" ? "" : "The first that differs is entry 0 of a(0): you have 0.000, it is 0.000.<br>";
    parts.room.innerHTML = verdict + arithmeticRoom(state, run, moments);
    parts.slider.max = moments.length - 1;
    this.showTicks();
    this.showSizes();
    this.table = table(this, state, run, state.mode === "check" ? this.own : undefined);
    parts.table.replaceChildren(this.table.element);
    this.showActions();
    this.showMoment();
  }

  showTicks() {
    const { moments } = this, last = moments.length - 1;
    const labels = [];
    moments.forEach((each, i) => {
      const text = each.start ? (each.d ? "L" : "0") : each.to ? "Σ" : each.t === 0 ? "0" : `t=${each.t}`;
      if (text !== labels.at(-1)?.text) labels.push({ text, i });
    });
    if (labels[1].i / last < 0.12) labels[0].text = ""; // there is no room for both
    this.parts.ticks.replaceChildren(...labels.map(({ text, i }) => element("span", { style: `--at: ${i / last}` }, text)));
  }

  showActions() {
    const { parts, state } = this;
    const button = textButton;
    if (state.mode === "predict") {
      parts.actions.replaceChildren(button("Check", () => this.checkGuess(), "un-main"), button("Show me", () => this.reveal()));
    } else if (state.mode === "check") {
      const area = element("textarea", { rows: "6", spellcheck: "false", "aria-label": "A network and your numbers, as in Python" });
      area.value = `${python(state).split("\n").slice(2, -2).join("\n")}\n${checkHint(state)}`;
      parts.actions.replaceChildren(button("Check my numbers", () => this.checkOwn(), "un-main"),
        element("details", { class: "un-paste" }, element("summary", {}, "Paste a network, or your numbers"), area, button("Take these", () => this.takeText(area.value))));
    } else parts.actions.replaceChildren();
  }

  // Another moment of the same run
  showMoment() {
    const { parts, state, moment, moments } = this;
    const { when, what } = sentence(state, moment, state.xs.length);
    this.ask();
    parts.sentence.innerHTML = `<p><b>${when}:</b> ${what}</p>${this.sentenceRoom}`;
    parts.slider.value = state.step;
    parts.slider.setAttribute("aria-valuetext", when);
    parts.back.disabled = state.step === 0;
    parts.next.disabled = state.step === moments.length - 1 && !this.guess;
    parts.play.disabled = state.mode !== "watch";
    parts.actions.classList.toggle("un-idle", state.mode === "predict" && !this.guess);
    const inSheet = parts.sheet.contains(document.activeElement);
    this.rebuildSheet();
    this.refresh();
    this.centre();
    if (inSheet) (parts.sheet.querySelector(".un-answer, .un-r button, button") ?? parts.slider).focus();
    this.voice();
  }

  rebuildSheet() {
    this.sheet = sheet(this, this.rows(), this.room);
    this.parts.sheet.replaceChildren(this.sheet.element);
  }

  // Other numbers of the same moment
  refresh() {
    const { parts, run, moments, state } = this;
    const model = layout(this.shownState, run, moments, state.step);
    fill(parts.drawing, model);
    this.model = model;
    this.table.refresh(this.shownState, run, moments, state.step, this.own);
    parts.undo.disabled = !this.past.length;
    parts.reset.disabled = toAddress({ ...this.state, step: 0, view: "", mode: "" }, { ...this.given, step: 0, view: "", mode: "" }) === "";
    this.light();
  }

  // The entry that is pointed at, what it is made of, and its arithmetic
  light() {
    const { moment, state, run } = this, rows = this.rows();
    const outcome = rows.findIndex(({ role }) => role === "result" || role === "gradient");
    const { row, entry } = this.chosen ?? { row: outcome, entry: 0 };
    this.sheet.refresh(rows, this.hides ? () => false : litBy(rows, row, entry), this.hides);
    const text = this.hides ? "" : arithmetic(state, run, moment, rows[row], entry);
    if (this.equation !== text) this.parts.arithmetic.innerHTML = this.equation = text;
    this.parts.arithmetic.classList.toggle("asked", !!this.chosen);
  }

  // The present step is in sight, where the drawing is wider than its place
  centre() {
    const { drawing } = this.parts;
    drawing.setAttribute("aria-label", `The network unrolled over ${this.state.xs.length} steps; its numbers stand in the tables`);
    if (!scrollable(drawing)) return;
    drawing.scrollTo({ left: this.model.centre - drawing.clientWidth / 2, behavior: still() ? "auto" : "smooth" });
  }

  showVerdict() { this.parts.told.scrollIntoView({ block: "nearest", behavior: still() ? "auto" : "smooth" }); }

  message(text) { this.parts.message.innerHTML = text; }

  say(text, seen = false) {
    this.parts.voice.textContent = text;
    if (!seen) return;
    this.parts.shared.textContent = text;
    setTimeout(() => { this.parts.shared.textContent = ""; }, 2500);
  }

  voice() {
    const text = spoken(this.state, this.run, this.moment, this.hides);
    this.root.dataset.text = text;
    // the first moment is there to be read; only what changes is said
    if (this.heard !== undefined && this.heard !== text) this.parts.voice.textContent = text;
    this.heard = text;
  }

  // --- Keys, swipes and clicks ---------------------------------------------------------------------

  listen() {
    const { root, parts } = this;
    root.addEventListener("pointerdown", () => { touched = this; });
    root.addEventListener("focusin", () => { touched = this; });
    this.onKey = (event) => this.key(event);
    document.addEventListener("keydown", this.onKey);
    parts.drawing.addEventListener("click", (event) => {
      const cell = event.target.closest(".un-cell");
      if (!cell) return;
      const { name, t, i, d } = cell.dataset;
      this.stop();
      this.goTo(name, Number(t), Number(i), d !== undefined || (this.state.view === "backwards" && name !== "x"));
    });
    this.widths = new ResizeObserver(() => [parts.drawing, parts.told].forEach(scrollable));
    for (const each of [root, parts.arithmetic, parts.message]) this.widths.observe(each);
    this.swipe(parts.drawing);
    this.swipe(parts.sentence);
  }

  swipe(area) {
    let from;
    area.addEventListener("pointerdown", (event) => { from = event.pointerType === "touch" ? event : undefined; });
    area.addEventListener("pointerup", (event) => {
      const by = from ? event.clientX - from.clientX : 0;
      const scrolls = area.scrollWidth > area.clientWidth + 1;
      if (Math.abs(by) > 40 && Math.abs(by) > 2 * Math.abs(event.clientY - from.clientY) && !scrolls) {
        if (by < 0) this.next();
        else this.go(this.state.step - 1);
      }
      from = undefined;
    });
  }

  key(event) {
    if (touched !== this || event.defaultPrevented || event.altKey) return;
    const { target, key } = event;
    if (target !== document.body && !this.root.contains(target)) return;
    if ((event.ctrlKey || event.metaKey) && key === "z" && !target.matches("textarea, .un-answer")) {
      this.undo();
      target.blur?.();
    } else if (event.ctrlKey || event.metaKey || target.matches("input, select, textarea")) return;
    else if (key === "ArrowRight") { this.stop(); this.next(); }
    else if (key === "ArrowLeft") { this.stop(); this.go(this.state.step - 1); }
    else if (key === "Home") this.go(0);
    else if (key === "End") this.go(this.moments.length - 1);
    else return;
    event.preventDefault();
  }

  destroy() {
    this.stop();
    this.widths.disconnect();
    clearTimeout(this.soon);
    document.removeEventListener("keydown", this.onKey);
    window.removeEventListener("hashchange", this.onAddress);
    if (touched === this) touched = undefined;
  }
}

// A state with other arrays, if they fit together
function changed(state, changes) {
  let made = state;
  for (const [path, value] of Object.entries(changes)) made = withValue(made, path, value);
  const wrong = misfit(made);
  if (wrong) throw new Error(wrong);
  return complete(made);
}

// Whether there is more in a place than fits: then it scrolls, by keys as well
function scrollable(place) {
  const scrolls = place.scrollWidth > place.clientWidth + 1 || place.scrollHeight > place.clientHeight + 1;
  if (scrolls) place.tabIndex = 0;
  else place.removeAttribute("tabindex");
  return scrolls;
}

const textButton = (text, onclick, kind = "") => element("button", { type: "button", class: `un-text ${kind}`, onclick }, text);
const escaped = (text) => text.replace(/[&<>]/g, (each) => `&#${each.charCodeAt(0)};`);

// All sentences of a figure, unseen, one behind another: the place has the size of the largest
function sentences(state, moments, T) {
  const kinds = new Map(moments.map((each) => [`${each.name} ${each.weight?.name} ${each.t === T} ${each.t === 0}`, each]));
  return [...kinds.values()].map((each) => {
    const { when, what } = sentence(state, each, T);
    return `<p class="un-room" aria-hidden="true"><b>${when}:</b> ${what}</p>`;
  }).join("");
}

const checkHint = ({ kind, view, xs }) => {
  const [name] = STATE[kind], mark = view === "backwards" ? "d" : "";
  return `# and your own numbers, a row a step, for instance\n# ${mark}${name} = [[…], …]  (${xs.length} rows)`;
};

// --- Where it is ------------------------------------------------------------------------------------

// In a notebook the model is Python's; on a page it is made of the JSON there (page.js). Either way it
// has the traits `title` and `state`; on a page also `address`, the figure's name in the address.
function render({ model, el }) {
  const root = element("div"), address = model.get("address");
  el.append(root);
  let writing = false;
  const figure = new Figure(root, { ...model.get("state"), title: model.get("title") }, address, (state) => {
    writing = true;
    const { title, ...kept } = state;
    model.set("state", kept);
    model.save_changes();
    writing = false;
    if (address) figure.writeAddress();
  });
  const follow = () => {
    if (!writing) figure.show(complete({ ...model.get("state"), title: figure.given.title }));
  };
  model.on("change:state", follow);
  return () => {
    model.off("change:state", follow);
    figure.destroy();
  };
}

export default { render };
