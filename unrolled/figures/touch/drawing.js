// The network unrolled through time, with the values in its boxes: first where everything is, in
// pixels, then the same as SVG and as TikZ.

import { valueOf } from "./engine.js";
import { known, momentsOf } from "./explain.js";
import { number, svgText, tex, texNumber } from "./notation.js";

// From the top of the drawing to its bottom; a box holds one quantity or several, one beside another.
// Links within a step, from and to a box, and from the step before.
const GATED = (gates, ...links) => ({ gates, links: [["x", "gates", "W_x"], ...links] });
const PLANS = {
  Layer: { boxes: ["y", "x"], links: [["x", "y", "W_x"]], backs: [["y", "y", "W_y"]] },
  Elman: { boxes: ["y", "h", "x"], links: [["x", "h", "W_x"], ["h", "y", "W_o"]], backs: [["h", "h", "W_h"]] },
  Jordan: { boxes: ["y", "h", "x"], links: [["x", "h", "W_x"], ["h", "y", "W_o"]], backs: [["y", "h", "W_h"]] },
  LSTM: {
    boxes: ["h", "c", "gates", "x"],
    ...GATED(["f", "i", "c_tilde", "o"], ["gates", "c", "i c_tilde"], ["c", "h", "o"]),
    backs: [["h", "gates", "W_h"], ["c", "c", "f"]],
    name: 16, // room for a gate's name
  },
  GRU: {
    boxes: ["h", "gates", "x"],
    ...GATED(["z", "r", "past", "h_tilde"], ["gates", "h", "1−z"]),
    backs: [["h", "gates", "W_h"], ["h", "h", "z"]],
    name: 32,
  },
};

const CELL = { width: 42, height: 22, below: 19, between: 3 };
const GAP = { across: 46, down: 40 };
const MARGIN = { left: 6, top: 18, bottom: 6 };

// The box that a quantity stands in, or that a pre-activation belongs to
function boxOf(plan, name) {
  if (plan.gates) return name.startsWith("a_") || plan.gates.includes(name) ? "gates" : name;
  return { a: "y", a_o: "y", a_h: "h" }[name] ?? name;
}

// --- Where everything is ---------------------------------------------------------------------------

export function layout(state, run, moments, now) {
  const plan = PLANS[run.kind], back = state.view === "backwards", T = run.xs.length;
  const shapes = Object.fromEntries(plan.boxes.map((box) => [box, sizeOf(plan, run, box, back)]));
  const column = Math.max(...Object.values(shapes).map(({ width }) => width));
  let y = MARGIN.top;
  const tops = {};
  for (const box of plan.boxes) {
    tops[box] = y;
    y += shapes[box].height + GAP.down;
  }
  const middle = (t) => MARGIN.left + column / 2 + t * (column + GAP.across);
  const place = (box, t) => ({ ...shapes[box], x: middle(t) - shapes[box].width / 2, y: tops[box] });
  const first = [...new Set(plan.backs.map(([from]) => from))].map((box) => [box, 0]);
  const all = [...first, ...run.xs.flatMap((_, i) => plan.boxes.map((box) => [box, i + 1]))];
  const shown = visible(state, run, moments, now);
  const boxes = all.map(([box, t]) => ({ box, t, ...place(box, t), cells: cellsOf(plan, run, box, t, place(box, t), shown, back) }));
  const lit = lights(plan, moments[now]);
  for (const each of boxes) each.now = lit.box === `${each.box} ${each.t}`;
  return {
    width: middle(T) + column / 2 + MARGIN.left + 12,
    height: y - GAP.down + MARGIN.bottom,
    boxes,
    arrows: arrowsOf(plan, T, place, back, lit),
    centre: middle(Math.min(Math.max(moments[now].t ?? 1, 0), T)),
    pitch: column + GAP.across,
  };
}

function sizeOf(plan, run, box, back) {
  const gates = box === "gates" ? plan.gates : undefined;
  const length = run.trace[1][gates ? plan.gates[0] : box].length;
  const line = CELL.height + (back && box !== "x" ? CELL.below + CELL.between : 0);
  if (gates) return { width: plan.name + length * CELL.width, height: gates.length * line, gates, name: plan.name };
  return { width: CELL.width, height: length * line };
}

// Of a box its cells: a value, and on the way back the gradient under it
function cellsOf(plan, run, box, t, { x, y, gates }, shown, back) {
  const cells = [], line = CELL.height + (back && box !== "x" ? CELL.below + CELL.between : 0);
  const add = (name, i, left, top) => {
    const value = shown(name, t, false) ? valueOf(run, { of: name, at: 0 }, t)[i] : undefined;
    cells.push({ name, t, i, x: left, y: top, width: CELL.width, height: CELL.height, value });
    if (!back || box === "x") return;
    const gradient = shown(name, t, true) ? valueOf(run, { of: name, at: 0, d: true }, t)[i] : undefined;
    cells.push({ name, t, i, d: true, x: left, y: top + CELL.height, width: CELL.width, height: CELL.below, value: gradient });
  };
  if (gates) {
    gates.forEach((name, row) => run.trace[1][name].forEach((_, i) => add(name, i, x + plan.name + i * CELL.width, y + row * line)));
  } else {
    (run.trace[t] ?? run.trace[1])[box].forEach((_, i) => add(box, i, x, y + i * line));
  }
  return cells;
}

// What the reader may see: what has been computed so far. Inputs and the initial state are given.
function visible(state, run, moments, now) {
  const back = state.view === "backwards";
  const hidden = state.asked ? now - 1 : now;
  return (name, t, d) => {
    if (state.mode === "check") return t === 0 || name === "x";
    if (d) return known(moments, hidden, name, t);
    return back || t === 0 || name === "x" || known(moments, hidden, name, t);
  };
}

// What a moment reads and writes, as box and arrows
function lights(plan, { t, line, name, d, start }) {
  if (!line) return { box: start ? "" : undefined, arrows: new Set() };
  const to = boxOf(plan, d ? line.to : name), arrows = new Set();
  for (const { vector: v, factors } of line.terms) {
    for (const { of, at: offset, d: gradient } of v ? [v] : factors) {
      if (!of || (d && !gradient)) continue;
      const from = boxOf(plan, of);
      arrows.add(d ? `${to} ${t} ${from} ${t + offset}` : `${from} ${t + offset} ${to} ${t}`);
    }
  }
  return { box: `${to} ${t}`, arrows };
}

function arrowsOf(plan, T, place, back, lit) {
  const made = [];
  const add = (from, s, to, t, label, path) => {
    const on = lit.arrows.has(`${from} ${s} ${to} ${t}`) || (label === "o" && lit.arrows.has(`gates ${t} h ${t}`));
    made.push({ from, s, to, t, label, on, back, ...path });
  };
  for (let t = 1; t <= T; t += 1) {
    for (const [from, to, label] of plan.links) add(from, t, to, t, label, upwards(place(from, t), place(to, t)));
    for (const [from, to, label] of plan.backs) add(from, t - 1, to, t, label, onwards(place(from, t - 1), place(to, t), from === to ? 0 : to === "gates" ? 0.5 : 0.24));
  }
  return made;
}

function upwards(low, high) {
  const x = low.x + low.width / 2, bottom = low.y - 3, top = high.y + high.height + 3;
  const leaves = Math.min(x + 11, low.x + low.width - 4);
  return { points: [[leaves, bottom], [leaves, bottom - 8], [leaves, top + 8], [leaves, top]], at: [leaves + 6, (bottom + top) / 2 + 4], anchor: "start" };
}

// From a box to one of the step after, whose place for the label is a part of the way down; 0 is level
function onwards(left, right, part) {
  const level = part === 0;
  const x0 = left.x + left.width + 3, x1 = right.x - 3;
  const y0 = level ? left.y + Math.min(left.height, right.height) / 2 : left.y + left.height / 2 + 6;
  const y1 = level ? y0 : right.y + right.height / 2 - 6;
  const bend = level ? 10 : Math.min(26, (x1 - x0) / 1.6);
  const at = level ? [(x0 + x1) / 2, y0 - 8] : [(x0 + x1) / 2 + (part < 0.5 ? -2 : 9), y0 + part * (y1 - y0) - 4];
  return { points: [[x0, y0], [x0 + bend, y0], [x1 - bend, y1], [x1, y1]], at, anchor: level ? "middle" : "start" };
}

// --- As SVG ----------------------------------------------------------------------------------------

// One diverging scale for all numbers: how strongly a cell is coloured, from 0 to 1, in as many shades
// as one can tell apart
export const strength = (value) => (Number.isFinite(value) ? Number((Math.abs(value) / (1 + Math.abs(value))).toFixed(1)) : 1);
export const sign = (value) => (value > 0 ? "plus" : value < 0 ? "minus" : "zero");

// What does not change as long as the network has the same size; `fill` puts the values in
export function svg({ width, height, arrows, boxes }) {
  return `<svg class="un-svg" xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" aria-hidden="true">
    ${arrows.map(arrowSvg).join("")}${boxes.map(boxSvg).join("")}</svg>`;
}

// Values, and what is lit. Only what differs is touched: a browser lays out a text anew that is set.
export function fill(drawing, { arrows, boxes }) {
  drawing.querySelectorAll(".un-arrow").forEach((each, i) => each.classList.toggle("on", arrows[i].on));
  drawing.querySelectorAll(".un-box").forEach((each, i) => each.classList.toggle("now", boxes[i].now));
  const cells = boxes.flatMap((box) => box.cells);
  drawing.querySelectorAll(".un-cell").forEach((each, i) => {
    const { value } = cells[i], [, ground, words] = each.children;
    const text = value === undefined ? "" : number(value);
    if (words.textContent !== text) words.textContent = text;
    ground.setAttribute("class", `un-fill ${value === undefined ? "zero" : sign(value)}`);
    ground.style.setProperty("--strength", value === undefined ? 0 : strength(value));
  });
}

function arrowSvg({ points, label, at, anchor, back }) {
  const [[x0, y0], [x1, y1], [x2, y2], [x3, y3]] = back ? [...points].reverse() : points;
  const angle = (Math.atan2(y3 - y2, x3 - x2) * 180) / Math.PI;
  const words = label.split(" ").map((name) => (/^\w+$/.test(name) ? svgText({ name }) : name)).join(" ");
  return `<g class="un-arrow"><path d="M${x0} ${y0}C${x1} ${y1} ${x2} ${y2} ${x3} ${y3}"/>
    <path class="un-head" d="M-7 -3.5L0 0L-7 3.5Z" transform="translate(${x3} ${y3}) rotate(${angle})"/>
    <text x="${at[0]}" y="${at[1]}" text-anchor="${anchor}">${words}</text></g>`;
}

function boxSvg({ box, t, x, y, width, height, gates, name: room, cells }) {
  const label = gates ? "" : `<text class="un-label" x="${x - 1}" y="${y - 5}">${svgText({ name: box, t })}</text>`;
  const names = (gates ?? []).map((name, row) => `<text class="un-gate" x="${x + room - 4}" y="${y + (row + 0.5) * (height / gates.length) + 4}">${svgText({ name })}</text>`);
  return `<g class="un-box un-of-${box}">${cells.map(cellSvg).join("")}
    <rect class="un-frame" x="${x}" y="${y}" width="${width}" height="${height}" rx="4"/>${label}${names.join("")}</g>`;
}

function cellSvg({ name, t, i, d, x, y, width, height }) {
  const rect = (kind) => `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}"/>`;
  return `<g class="un-cell${d ? " un-d" : ""}" data-name="${name}" data-t="${t}" data-i="${i}"${d ? " data-d" : ""}>
    ${rect("un-ground")}${rect("un-fill")}<text x="${x + width / 2}" y="${y + height / 2 + 4.5}"></text></g>`;
}

// --- As TikZ ---------------------------------------------------------------------------------------

const COLOURS = { x: "2f7fc1", h: "c5661c", y: "2b8f67", c: "9a5bb5", gates: "8a7a22", plus: "e0a100", minus: "5a62c8", d: "c0396b" };
const cm = (pixels) => (pixels / 40).toFixed(2);

export function tikz(state, run) {
  const moments = momentsOf(run.kind, state.view, run.xs.length);
  const { boxes, arrows } = layout({ ...state, mode: "watch" }, run, moments, state.step);
  const colours = Object.entries(COLOURS).map(([name, hex]) => `\\definecolor{un${name}}{HTML}{${hex.toUpperCase()}}`);
  const point = ([x, y]) => `(${cm(x)},${cm(-y)})`;
  const cells = boxes.flatMap(({ cells: all }) => all).map(({ x, y, width, height, value, d }) => {
    const fill = value ? `fill=un${sign(value)}!${Math.round(strength(value) * 62)}` : "draw=none";
    const text = value === undefined ? "" : `\\node[font=\\scriptsize${d ? ",text=und" : ""}] at ${point([x + width / 2, y + height / 2])} {$${texNumber(value)}$};`;
    return `\\path[${fill}] ${point([x, y])} rectangle ${point([x + width, y + height])};${text}`;
  });
  const frames = boxes.map(({ box, t, x, y, width, height, gates, name: room }) =>
    `\\draw[un${box},rounded corners=2pt,thick] ${point([x, y])} rectangle ${point([x + width, y + height])};`
    + (gates
      ? gates.map((name, row) => `\\node[left,font=\\scriptsize] at ${point([x + room, y + (row + 0.5) * (height / gates.length)])} {$${tex({ name })}$};`).join("")
      : `\\node[above right,font=\\scriptsize,inner xsep=0pt] at ${point([x, y])} {$${tex({ name: box, t })}$};`));
  const lines = arrows.map(({ points, on, back, label, at }) => {
    const [a, b, c, e] = (back ? [...points].reverse() : points).map(point);
    const words = label.split(" ").map((name) => (/^\w+$/.test(name) ? tex({ name }) : name.replace("−", "-"))).join("\\,");
    return `\\draw[->,${on ? "very thick" : "gray"}] ${a} .. controls ${b} and ${c} .. ${e};\\node[font=\\tiny] at ${point(at)} {$${words}$};`;
  });
  return ["% \\usepackage{tikz}", ...colours, "\\begin{tikzpicture}", ...cells, ...frames, ...lines, "\\end{tikzpicture}"].join("\n");
}
