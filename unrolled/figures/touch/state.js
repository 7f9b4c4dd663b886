// What a figure shows, as JSON: a network, its inputs, the loss's own gradients, and the place where
// the reader is. Nothing here touches the page.
//
//   { kind, cell, xs, initial, seeds, view, step, mode }
//
// Editing makes a new state; entries are named by paths such as "cell.W_h.1.0" or "xs.0.1".

import { FUNCTIONS, GATES, STATE } from "./engine.js";

// The axes of all weights: k inputs, n neurons, o outputs, g gates. What is not there is no weight.
export const AXES = {
  Layer: { W_x: "kn", W_y: "nn", b: "n" },
  Elman: { W_x: "kn", W_h: "nn", W_o: "no", b_h: "n", b_o: "o" },
  Jordan: { W_x: "kn", W_h: "on", W_o: "no", b_h: "n", b_o: "o" },
  LSTM: { W_x: "gkn", W_h: "gnn", b: "gn" },
  GRU: { W_x: "gkn", W_h: "gnn", b: "gn", b_h: "n" },
};
export const ACTIVATIONS = { Layer: ["phi"], Elman: ["g_h", "g_o"], Jordan: ["g_h", "g_o"], LSTM: [], GRU: [] };
export const CHOICES = Object.keys(FUNCTIONS).filter((name) => name !== "1-");

// the quantities that a loss may read, with their axis
export const READ = {
  Layer: { y: "n" },
  Elman: { y: "o", h: "n" },
  Jordan: { y: "o", h: "n" },
  LSTM: { h: "n", c: "n" },
  GRU: { h: "n" },
};
const axisOf = (kind, name) => READ[kind][name];

export const LIMITS = { k: 5, n: 5, o: 5, T: 10 };

export function sizes({ kind, cell, xs }) {
  const W_x = GATES[kind] ? cell.W_x[0] : cell.W_x;
  const all = { T: xs.length, k: W_x.length, n: W_x[0].length, g: GATES[kind]?.length };
  return cell.W_o ? { ...all, o: cell.W_o[0].length } : all;
}

// Every array of a state by its path, and its axes
function* arrays({ kind }) {
  for (const [name, axes] of Object.entries(AXES[kind])) yield [`cell.${name}`, axes];
  yield ["xs", "Tk"];
  for (const name of STATE[kind]) yield [`initial.${name}`, axisOf(kind, name)];
  for (const [name, axis] of Object.entries(READ[kind])) yield [`seeds.${name}`, `T${axis}`];
}

// An array of this shape with the numbers of `old`, where it has any, and else 0
function fitted(old, [size, ...rest]) {
  return Array.from({ length: size }, (_, i) => (rest.length ? fitted(old?.[i], rest) : (old?.[i] ?? 0)));
}

export const at = (state, path) => path.split(".").reduce((value, key) => value?.[key], state);

export function withValue(state, path, value) {
  const [key, ...rest] = path.split(".");
  const copy = Array.isArray(state) ? [...state] : { ...state };
  copy[key] = rest.length ? withValue(state[key] ?? {}, rest.join("."), value) : value;
  return copy;
}

// All that may be left out, filled in
export function complete(given) {
  const size = sizes(given);
  let state = { view: "forwards", step: 0, mode: "watch", initial: {}, seeds: {}, ...given };
  for (const [path, axes] of arrays(state)) {
    const shape = [...axes].map((axis) => size[axis]);
    state = withValue(state, path, fitted(at(given, path), shape));
  }
  return { ...state, reads: readBy(state) };
}

// The quantities that the loss reads here: the output, and what has a gradient of its own
function readBy({ kind, seeds }) {
  return Object.keys(READ[kind]).filter((name, i) => i === 0 || seeds[name].flat().some((value) => value !== 0));
}

// One more or one less of steps (T), inputs (k), neurons (n) or outputs (o)
export function resized(state, axis, size) {
  const now = { ...sizes(state), [axis]: size };
  let made = state;
  for (const [path, axes] of arrays(state)) {
    if (!axes.includes(axis)) continue;
    made = withValue(made, path, fitted(at(state, path), [...axes].map((each) => now[each])));
  }
  return made;
}

// What is wrong with arrays that came from elsewhere, in words; nothing if they fit together
export function misfit(state) {
  const W_x = GATES[state.kind] ? state.cell.W_x[0] : state.cell.W_x;
  if (!Array.isArray(W_x?.[0])) return "W_x is no matrix";
  if (!Array.isArray(state.xs?.[0])) return "xs has no row for each step";
  const size = sizes(state);
  for (const [axis, most] of Object.entries(LIMITS)) {
    if (size[axis] > most) return `${NAMES[axis]} are ${size[axis]}, and a figure has room for ${most}`;
  }
  for (const [path, axes] of arrays(state)) {
    const value = at(state, path), shape = [...axes].map((axis) => size[axis]);
    // what is of another size, and was not given, is filled in
    if (/^(initial|seeds)/.test(path) || fits(value, shape)) continue;
    return `${path.replace("cell.", "")} has shape (${shapeOf(value).join(", ")}), expected (${shape.join(", ")})`;
  }
  const unknown = ACTIVATIONS[state.kind].map((name) => state.cell[name]).find((name) => !CHOICES.includes(name));
  return unknown ? `${unknown} is no activation, expected one of ${CHOICES.join(", ")}` : "";
}

export const NAMES = { T: "steps", k: "inputs", n: "neurons", o: "outputs" };
const fits = (value, [first, ...rest]) =>
  (first === undefined ? Number.isFinite(value) : Array.isArray(value) && value.length === first && value.every((each) => fits(each, rest)));
const shapeOf = (value) => (Array.isArray(value) ? [value.length, ...shapeOf(value[0] ?? 0)] : []);

// --- In an address ---------------------------------------------------------------------------------

const leaves = function* (value, path = "") {
  if (typeof value !== "object") yield [path, value];
  else for (const [key, each] of Object.entries(value)) yield* leaves(each, path ? `${path}.${key}` : key);
};

const KEPT = ["view", "step", "mode"];
const short = (path) => path.replace(/^cell\./, "");
const long = (path) => (/^(xs|initial|seeds)\b/.test(path) || KEPT.includes(path) ? path : `cell.${path}`);

// Only what differs from the state that was given: "W_h.1.0=2&step=5"; of other sizes first "n=4"
export function toAddress(state, given) {
  const parts = [], before = sizes(given);
  let base = given;
  for (const [axis, size] of Object.entries(sizes(state))) {
    if (size === before[axis]) continue;
    parts.push(`${axis}=${size}`);
    base = resized(base, axis, size);
  }
  const { kind, title, reads, ...rest } = state;
  for (const [path, value] of leaves(rest)) {
    if (at(base, path) !== value) parts.push(`${short(path)}=${value}`);
  }
  return parts.join("&");
}

// The state that an address names; what does not fit the given one is left out
export function fromAddress(text, given) {
  let state = given;
  for (const [key, value] of new URLSearchParams(text)) {
    if (key in LIMITS && key in sizes(given)) {
      const size = Number(value);
      if (Number.isInteger(size) && size >= 1 && size <= LIMITS[key]) state = resized(state, key, size);
      continue;
    }
    const path = long(key), old = at(state, path);
    if (allowed(path, value, old)) state = withValue(state, path, typeof old === "number" ? Number(value) : value);
  }
  return state;
}

function allowed(path, value, old) {
  if (typeof old === "number") return value !== "" && Number.isFinite(Number(value));
  if (path === "view") return ["forwards", "backwards"].includes(value);
  if (path === "mode") return ["watch", "predict", "check"].includes(value);
  return typeof old === "string" && path.startsWith("cell.") && CHOICES.includes(value);
}
