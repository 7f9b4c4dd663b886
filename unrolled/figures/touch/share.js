// What leaves a figure: its address, the call in Python that makes the same numbers, its drawing.

import { STATE } from "./engine.js";
import { ACTIVATIONS, AXES, READ } from "./state.js";

// --- Python ----------------------------------------------------------------------------------------

const list = (value) => (Array.isArray(value) ? `[${value.map(list).join(", ")}]` : String(value));
const hasAny = (value) => (Array.isArray(value) ? value.some(hasAny) : value !== 0);

// The call of rnnlib that makes the trace which the figure shows; backwards its gradient, too
export function python({ kind, cell, xs, initial, seeds, view }) {
  const fields = [
    ...Object.keys(AXES[kind]).map((name) => `    ${name}=${list(cell[name])},`),
    ...ACTIVATIONS[kind].map((name) => `    ${name}="${cell[name]}",`),
  ];
  const from = STATE[kind].some((name) => hasAny(initial[name]));
  const states = STATE[kind].map((name) => `${name}=${list(initial[name])}`).join(", ");
  const imports = [kind, from && `${kind}Step`, view === "backwards" && "bptt", "unroll"].filter(Boolean);
  const lines = [
    `from rnnlib import ${imports.join(", ")}`, "",
    `cell = ${kind}(`, ...fields, ")",
    `xs = ${list(xs)}`,
    `trace = unroll(cell, xs${from ? `, ${kind}Step(${states})` : ""})`,
  ];
  if (view === "backwards") lines.push(`d = bptt(trace, ${seedsText(kind, seeds)})`);
  return `${lines.join("\n")}\n`;
}

function seedsText(kind, seeds) {
  const names = Object.keys(READ[kind]);
  const some = names.filter((name) => hasAny(seeds[name]));
  return (some.length ? some : names.slice(0, 1)).map((name) => `${name}=${list(seeds[name])}`).join(", ");
}

// The same, read: lines such as W_h = [[1, 0], [0, 1]]. Returns { changes, own }: what belongs to the
// network, by path, and the reader's own numbers, by name.
export function fromText(text, { kind }) {
  const plain = text.replace(/#.*$/gm, "");
  const changes = {}, own = {};
  const given = [...assigned(plain.replace(/(Step|bptt)\([^()]*\)/g, ""))];
  for (const [name, value] of given) {
    if (name in AXES[kind] || ACTIVATIONS[kind].includes(name)) changes[`cell.${name}`] = value;
    else if (name === "xs") changes.xs = value;
    else own[name] = value;
  }
  for (const [call, path] of [["Step", "initial"], ["bptt", "seeds"]]) {
    const [, inside = ""] = new RegExp(`${call}\\(([^()]*)\\)`).exec(plain) ?? [];
    for (const [name, value] of assigned(inside)) changes[`${path}.${name}`] = value;
  }
  if (!Object.keys({ ...changes, ...own }).length) throw new Error("there is no line such as W_h = [[1, 0], [0, 1]]");
  return { changes, own };
}

// NAME = [...], NAME = np.array([...]), NAME = "..."
function* assigned(text) {
  for (const found of text.matchAll(/\b(\w+)\s*=\s*(?:np\.array\(\s*)?(?=[["'])/g)) {
    const rest = text.slice(found.index + found[0].length);
    const value = rest[0] === "[" ? numbersOf(rest.slice(0, closing(rest))) : rest.slice(1, rest.indexOf(rest[0], 1));
    if (value === undefined) throw new Error(`${found[1]} is no list of numbers`);
    yield [found[1], value];
  }
}

// Where the bracket closes that a text opens with
function closing(text) {
  let depth = 0;
  for (const [i, letter] of [...text].entries()) {
    depth += { "[": 1, "]": -1 }[letter] ?? 0;
    if (!depth) return i + 1;
  }
  return text.length;
}

function numbersOf(text) {
  const plain = text.replace(/[−–]/g, "-").replace(/(\d)\.(?!\d)/g, "$1").replace(/(^|[^\d])\.(\d)/g, "$10.$2").replace(/,\s*\]/g, "]");
  try {
    return JSON.parse(plain);
  } catch {
    return undefined;
  }
}

// --- Pictures --------------------------------------------------------------------------------------

const STYLES = ["fill", "fill-opacity", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family", "font-weight", "font-style", "text-anchor", "opacity"];

// The drawing as a file that stands alone: with the colours that it has on this page
export function standalone(drawing) {
  const copy = drawing.cloneNode(true);
  const originals = [drawing, ...drawing.querySelectorAll("*")], copies = [copy, ...copy.querySelectorAll("*")];
  originals.forEach((original, i) => {
    const styles = getComputedStyle(original);
    for (const name of STYLES) copies[i].style.setProperty(name, styles.getPropertyValue(name));
  });
  for (const each of copies) for (const name of ["class", "data-name", "data-t", "data-i", "data-d", "aria-hidden"]) each.removeAttribute(name);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${new XMLSerializer().serializeToString(copy)}`;
}

export function save(name, text, type) {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = Object.assign(document.createElement("a"), { href: address, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

// Also where a page is opened from a folder, and has no clipboard
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}
