// Numbers in their places: the sheet of one moment, and the table of the whole run.

import { answer, element, input, output } from "./cells.js";
import { sign, strength } from "./drawing.js";
import { known, momentsOf, rowsOf } from "./explain.js";
import { STATE } from "./engine.js";
import { html, plainText } from "./notation.js";
import { CHOICES } from "./state.js";

const labelHtml = (label) => (label ? (label.text ?? html(label)) : "");
const labelText = (row) => row.hint ?? row.name ?? row.label?.text ?? plainText(row.label);

function colour(cell, value) {
  cell.classList.toggle("plus", value !== undefined && sign(value) === "plus");
  cell.classList.toggle("minus", value !== undefined && sign(value) === "minus");
  cell.style.setProperty("--strength", value === undefined ? 0 : strength(value));
}

// How many columns the sheets of all moments need on either side, and how many rows: a sheet has one
// size, whatever it shows
export function roomFor(state, run, moments) {
  const all = moments.map((moment) => rowsOf(state, run, moment));
  const widest = (side) => Math.max(0, ...all.flat().map((row) => row[side]?.values.length ?? 0));
  return { left: widest("left"), right: widest("right"), rows: Math.max(...all.map((rows) => rows.length)) };
}

// --- The sheet -------------------------------------------------------------------------------------

// `figure` is what the sheet asks and tells: edit(path, value, anew), choose(row, j), activation(path,
// name), and where the reader is asked, next() and `guess`.
export function sheet(figure, rows, room) {
  const grid = element("div", { class: "un-sheet un-cells" });
  grid.style.setProperty("--left", room.left);
  grid.style.setProperty("--right", room.right);
  grid.style.setProperty("--rows", room.rows);
  const cells = [];
  rows.forEach((row, r) => {
    grid.append(element("div", { class: `un-row-label${row.role === "result" ? " result" : ""}`, style: `grid-row: ${r + 1}`, html: labelHtml(row.label) }));
    if (row.role === "head") return void grid.append(...heads(row, room, r));
    if (row.choice) grid.append(choice(figure, row, r, room));
    const isGuess = row.role === "result" && figure.guess;
    for (const side of ["left", "right"]) {
      row[side]?.values.forEach((_, c) => {
        const cell = isGuess ? guessCell(figure, row, c) : sheetCell(figure, row, r, side, c);
        place(cell.box, row, r, side, c, room);
        grid.append(cell.box);
        cells.push({ ...cell, r, side, c });
      });
    }
  });
  return { element: grid, refresh: (now, lit, hides) => refresh(cells, now, lit, hides) };
}

function heads({ leftTitle, rightTitle }, room, r) {
  const head = (title, from, many) => element("div", { class: "un-head-label", style: `grid-row: ${r + 1}; grid-column: ${from} / span ${many}`, html: title });
  return [leftTitle && head(leftTitle, 2, room.left), head(rightTitle, 3 + room.left, room.right)].filter(Boolean);
}

function place(box, row, r, side, c, room) {
  const first = side === "left" ? 2 + room.left - row.left.values.length : 3 + room.left;
  box.style.gridRow = r + 1;
  box.style.gridColumn = first + c;
}

// The activation, which the reader may choose
function choice(figure, row, r, room) {
  const options = CHOICES.map((name) => element("option", { value: name }, name));
  const select = element("select", { class: "un-choice", "aria-label": `activation ${row.choice.split(".")[1]}`, style: `grid-row: ${r + 1}; grid-column: 2 / span ${Math.max(room.left, 2)}` }, ...options);
  select.value = figure.valueAt(row.choice);
  select.addEventListener("change", () => figure.edit(row.choice, select.value, true));
  return select;
}

const KINDS = { weight: "w", gradient: "g", partial: "p", sum: "s", result: "r", factor: "f", seed: "d", step: "f" };

function boxFor(row, side, c, group) {
  const { of, d } = row[side];
  const kind = side === "left" ? "v" : KINDS[row.role];
  const many = row[side].values.length;
  const edges = `${c === 0 ? " first" : ""}${c === many - 1 ? " last" : ""}${row.first ? " top" : ""}${row.last ? " bottom" : ""}`;
  return element("div", { class: `un-box-cell un-${kind}${of ? ` un-q-${of}` : ""}${d ? " un-d" : ""}${edges}`, "data-group": group });
}

function sheetCell(figure, row, r, side, c) {
  const { paths, places, values } = row[side];
  const matrix = row.role === "weight" || row.role === "gradient";
  const group = matrix ? `${row.name}` : `${r}${side}`;
  const place = places ? `row ${places[c][0] + 1}, column ${places[c][1] + 1}` : `entry ${c + 1}`;
  const name = row.role === "gradient" && !row.last ? `${row.name}, row ${row.row + 1}, column ${c + 1}` : `${labelText(row)}, ${place}`;
  const box = boxFor(row, side, c, group);
  const tabIndex = c === 0 && (!matrix || row.first) ? 0 : -1;
  const onChoose = () => { if (side === "right" || paths) figure.choose(r, side === "right" ? c : 0, side); };
  const made = paths
    ? input({ name, tabIndex, onChoose, onEdit: (value, anew) => figure.edit(paths[c], value, anew) })
    : output({ name, tabIndex, onChoose });
  box.append(made.element);
  return { box, show: made.show, coloured: !matrix || row.role === "gradient", editable: !!paths, role: row.role };
}

function guessCell(figure, row, c) {
  const box = boxFor(row, "right", c, "guess");
  const name = `your ${plainText(row.label)}, entry ${c + 1}`;
  const made = answer({
    name, tabIndex: c === 0 ? 0 : -1,
    onAnswer: (value) => figure.guess.answer(c, value),
    onEnter: () => figure.next(),
    onPaste: (_, numbers) => {
      numbers.forEach((value, i) => figure.guess.answer(c + i, value));
      figure.refresh();
    },
  });
  box.append(made.element);
  return { box, show: () => made.show(figure.guess.values[c]), told: () => figure.guess.marks[c], role: "guess" };
}

function refresh(cells, rows, lit, hides) {
  for (const { box, show, coloured, told, editable, r, side, c, role } of cells) {
    const computed = side === "right" && ["partial", "sum", "result"].includes(role);
    const hidden = (hides && computed) || (hides === "all" && !editable);
    const value = hidden ? undefined : rows[r][side].values[c];
    show(value);
    if (coloured) colour(box, value);
    box.classList.toggle("lit", lit(r, side, c));
    if (told) box.dataset.told = told() ?? "";
  }
}

// --- The table of the whole run ---------------------------------------------------------------------

// What the columns are: { name, d, seed }, each a vector of every step
export function columnsOf(state) {
  const { kind, view } = state;
  const names = (moments) => [...new Set(moments.flatMap((each) => (each.line ? [...(each.d && STATE[kind].includes(each.line.to) ? [each.line.to] : []), each.name] : [])))];
  if (view === "forwards") {
    return [{ name: "x" }, ...names(momentsOf(kind, view, 1)).map((name) => ({ name }))];
  }
  const seeds = state.reads.map((name) => ({ name, d: true, seed: true }));
  return [...seeds, ...names(momentsOf(kind, view, 1)).map((name) => ({ name, d: true }))];
}

export function table(figure, state, run, own) {
  const columns = columnsOf(state), cells = [];
  const head = columns.map((each) => element("th", { scope: "col", html: (each.seed ? "own " : "") + html({ name: each.name, t: "t", d: each.d }) }));
  const body = Array.from({ length: run.xs.length + 1 }, (_, t) => {
    const row = columns.map((column) => {
      const made = tableCells(figure, state, run, column, t, own);
      cells.push(...made.map((each, i) => ({ ...each, column, t, i })));
      return element("td", {}, element("div", { class: "un-vector" }, ...made.map(({ box }) => box)));
    });
    return element("tr", {}, element("th", { scope: "row" }, String(t)), ...row);
  });
  const made = element("table", { class: "un-cells" },
    element("caption", { class: "un-voice" }, "All values of all steps"),
    element("thead", {}, element("tr", {}, element("th", { scope: "col", html: "<var>t</var>" }), ...head)),
    element("tbody", {}, ...body));
  return { element: made, refresh: (...now) => refreshTable(cells, ...now) };
}

function tableCells(figure, state, run, { name, d, seed }, t, own) {
  const { kind } = state;
  const initial = t === 0 && !d && STATE[kind].includes(name);
  const there = t > 0 || initial || (t === 0 && d && !seed && STATE[kind].includes(name));
  const length = run.trace[1][name].length;
  const path = seed ? `seeds.${name}.${t - 1}` : initial ? `initial.${name}` : name === "x" ? `xs.${t - 1}` : undefined;
  return Array.from({ length: there ? length : 0 }, (_, i) => {
    const label = `${seed ? "the loss’s own " : ""}${plainText({ name, t, d })}, entry ${i + 1}`;
    const box = element("div", { class: `un-box-cell un-q-${name}${d ? " un-d" : ""}${i === 0 ? " first" : ""}${i === length - 1 ? " last" : ""}`, "data-group": `${name}${d}${seed}${t}` });
    const tabIndex = i === 0 ? 0 : -1;
    const made = path ? input({ name: label, tabIndex, onEdit: (value, anew) => figure.edit(`${path}.${i}`, value, anew) })
      : own ? ownCell(figure, own, label, tabIndex, { name, t, i })
        : output({ name: label, tabIndex: -1, onChoose: () => {} });
    if (!path && !own) made.element.addEventListener("click", () => figure.goTo(name, t, i, d));
    box.append(made.element);
    return { box, show: made.show, own: own && !path };
  });
}

function ownCell(figure, own, label, tabIndex, { name, t, i }) {
  return answer({
    name: `your ${label}`, tabIndex,
    onAnswer: (value) => own.set(name, t, i, value),
    onEnter: () => figure.checkOwn(),
    onPaste: (field, numbers) => {
      const fields = [...field.closest("table").querySelectorAll(".un-answer")];
      numbers.forEach((value, k) => {
        const next = fields[fields.indexOf(field) + k];
        if (!next) return;
        next.value = String(value);
        next.dispatchEvent(new Event("input"));
      });
    },
  });
}

function refreshTable(cells, state, run, moments, now, own) {
  for (const { box, show, own: isOwn, column: { name, d, seed }, t, i } of cells) {
    if (isOwn) {
      show(own.get(name, t, i));
      box.dataset.told = own.mark(name, t, i) ?? "";
      continue;
    }
    const value = valueIn(state, run, name, d, seed, t)?.[i];
    const hidden = (d && !seed) || (!d && name !== "x" && t > 0) ? !shown(state, moments, now, name, t, d) : false;
    show(hidden ? undefined : value);
    colour(box, hidden ? undefined : value);
    const moment = moments[now];
    box.classList.toggle("now", moment.t === t && [moment.name, moment.line?.to].includes(name) && !seed);
  }
}

const valueIn = (state, run, name, d, seed, t) =>
  (seed ? state.seeds[name][t - 1] : (d ? run.gradient : run.trace)[t][name]);

function shown(state, moments, now, name, t, d) {
  if (state.mode === "check") return false;
  if (!d && state.view === "backwards") return true;
  return known(moments, state.asked ? now - 1 : now, name, t);
}

// The line below the sheet, and its place: as much room as the longest such line of any moment takes
export function arithmeticRoom(state, run, moments) {
  const lengths = moments.map((moment) => {
    const rows = rowsOf(state, run, moment);
    const products = rows.reduce((n, row) => n + (row.role === "partial" && row.left ? row.left.values.length : row.role === "step" || row.role === "seed" || row.bias ? 1 : row.role === "factor" ? 0.5 : 0), 0);
    return { products: Math.ceil(products), lines: moment.fn ? 2 : 1 };
  });
  const longest = Math.max(...lengths.map(({ products }) => products));
  const widest = Array(longest).fill("0.00·(−0.00)").join(" + ");
  return `∂L/∂a(0) = ${widest} = −0.00${lengths.some(({ lines }) => lines > 1) ? "<br>∂L/∂a(0) = 0.00·(−0.00) = −0.00" : ""}`;
}

