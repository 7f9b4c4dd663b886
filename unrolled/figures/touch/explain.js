// What there is to say at each moment: the moments, their sentences, the rows of the sheet, and the
// arithmetic behind every entry. All of it follows from the equations.

import {
  GATES, STATE, backwardLinesOf, factorValue, functionOf, linesOf, ofTheStepAfter, sum, termValue, uses,
  valueOf, weightOf, FUNCTIONS,
} from "./engine.js";
import { exact, factorText, html, number, plainText, vector } from "./notation.js";

// --- Moments ---------------------------------------------------------------------------------------

// A pre-activation and its activation are computed in one moment; so are, on the way back, the
// gradient of a quantity and that of its pre-activation.
function groups(lines) {
  const made = [];
  for (const line of lines) {
    const [first, ...more] = line.terms;
    const [read] = first?.factors ?? [];
    const last = made.at(-1);
    const goesOn = last && !more.length && read?.of === last.line.to && first.factors.length === 1
      && (read.fn || first.slope) && !last.fn;
    if (goesOn) last.fn = line;
    else made.push({ line });
  }
  return made.map(({ line, fn }) => ({ line, fn, name: fn ? fn.to : line.to }));
}

// Each moment: { t, line, fn, name }, what it computes; or { start }; or { weight, reads, to }
export function momentsOf(kind, view, T) {
  if (view === "forwards") {
    const steps = Array.from({ length: T }, (_, i) => groups(linesOf(kind)).map((group) => ({ t: i + 1, ...group })));
    return [{ t: 0, start: true }, ...steps.flat()];
  }
  const lines = backwardLinesOf(kind).filter(({ to }) => to !== "x");
  const steps = Array.from({ length: T }, (_, i) => groups(lines).map((group) => ({ t: T - i, d: true, ...group })));
  const initial = STATE[kind].map((name) => {
    const line = ofTheStepAfter(lines.find(({ to }) => to === name));
    return { t: 0, d: true, line, name };
  });
  const weights = [...uses(kind)].map((use) => ({ d: true, ...use }));
  return [{ t: T + 1, d: true, start: true }, ...steps.flat(), ...initial, ...weights];
}

// Which values are there, after a moment, of the quantity called `name` at step t
export function known(moments, now, name, t) {
  return moments.slice(0, now + 1).some((each) => each.t === t && [each.line?.to, each.fn?.to].includes(name));
}

// --- Sentences -------------------------------------------------------------------------------------

const ROLES = {
  Layer: { y: "output" },
  Elman: { h: "hidden layer", y: "output" },
  Jordan: { h: "hidden layer", y: "output" },
  LSTM: { f: "forget gate", i: "input gate", o: "output gate", c_tilde: "candidate", c: "cell state", h: "hidden state" },
  GRU: { z: "update gate", r: "reset gate", past: "past", h_tilde: "candidate", h: "hidden state" },
};

const listed = (words) => (words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);

// The quantities that a line reads, each once
function sources(line, t) {
  const all = line.terms.flatMap(({ vector: v, factors }) => (v ? [v] : factors)).filter(({ of }) => of);
  const told = new Map(all.map(({ of, at: offset, d }) => [`${of} ${offset} ${d}`, { name: of, t: t + offset, d }]));
  return [...told.values()];
}

// { when, what }, in HTML
export function sentence(state, moment, T) {
  const { kind } = state, { t, line, fn, name, start } = moment;
  const of = (each, when, d) => html({ name: each, t: when, d });
  if (start && !moment.d) {
    const states = listed(STATE[kind].map((each) => of(each, 0)));
    return { when: "Before step 1", what: `the memory begins as ${states}.` };
  }
  if (start) return { when: "At the end", what: "what the loss says of each step, its own gradient." };
  if (moment.to) return { when: `Over all ${T} steps`, what: weightSentence(moment) };
  const role = ROLES[kind][moment.d && fn ? line.to : name] ?? name;
  if (!moment.d) {
    return { when: `Step ${t} of ${T}, ${role}`, what: `${of(name, t)} reads ${listed(sources(line, t).map((s) => html(s)))}.` };
  }
  const arriving = sources(line, t).filter(({ t: when, d }) => d && when <= T).map((s) => html(s));
  const own = t > 0 && state.reads.includes(line.to) ? ["the loss itself"] : [];
  const from = listed([...own, ...arriving]) || "nothing yet";
  const where = t ? `Step ${t} of ${T}, back to the ${role}` : "Before step 1, back to the start";
  return { when: where, what: `${of(line.to, t, true)} comes from ${from}.` };
}

function weightSentence({ weight, reads, to }) {
  const when = reads && (reads.at ? "t−1" : "t");
  const part = reads ? `${html({ name: reads.of, t: when, transposed: true })} ` : "";
  return `the gradient of ${html(weight)} is the sum of ${part}${html({ name: to, t: "t", d: true })}.`;
}

// The sentence as plain text, with what was computed: what a screen reader says
export function spoken(state, run, moment, hidden) {
  const T = run.xs.length, { when, what } = sentence(state, moment, T);
  const text = `${when}: ${what.replace(/<sub>/g, " ").replace(/<[^>]*>/g, "")}`;
  if (hidden || !moment.name) return text;
  const values = valueOf(run, { of: moment.name, at: 0, d: moment.d }, moment.t);
  return `${text} ${plainText({ name: moment.name, t: moment.t, d: moment.d })} = ${vector(values)}`;
}

// --- The rows of the sheet -------------------------------------------------------------------------

// A row: { label, left, right, role, term }. `left` and `right` are blocks of cells, { values, paths }:
// the right one holds a column for each neuron of the result, the left one a vector that is multiplied
// by the matrix above its right-hand side. Cells with a path can be edited.
const paths = (base, values) => values?.map((_, j) => `${base}.${j}`);

export function rowsOf(state, run, moment) {
  if (moment.start) return moment.d ? seedRows(state, run) : startRows(state, run);
  if (moment.to) return weightRows(run, moment);
  const { t, line, fn, d } = moment;
  const rows = [];
  if (d && t > 0 && state.reads.includes(line.to)) rows.push(seedRow(state, line.to, t, true));
  line.terms.forEach((term, i) => rows.push(...termRows(state, run, term, t, i, line.terms.length)));
  const total = valueOf(run, { of: line.to, at: 0, d }, t);
  const label = { name: line.to, t, d };
  if (!fn || line.terms.length + rows.filter(({ role }) => role === "seed").length > 1) {
    rows.push({ role: fn ? "sum" : "result", label, right: { values: total, of: line.to, d } });
  }
  if (fn) rows.push(...functionRows(run, moment));
  return rows;
}

function startRows(state, run) {
  return STATE[run.kind].map((name) => ({
    role: "result",
    label: { name, t: 0 },
    right: { values: run.trace[0][name], paths: paths(`initial.${name}`, run.trace[0][name]), of: name },
  }));
}

const seedRow = (state, name, t, own) => ({
  role: "seed",
  label: own ? { text: "the loss’s own" } : { name, t, d: true },
  hint: `the loss’s own gradient of ${plainText({ name, t })}`,
  right: { values: state.seeds[name][t - 1], paths: paths(`seeds.${name}.${t - 1}`, state.seeds[name][t - 1]), of: name, d: true },
});

function seedRows(state, run) {
  return state.reads.flatMap((name) => run.xs.map((_, i) => seedRow(state, name, i + 1, false)));
}

// Where the entries of a vector come from, if a reader may change them
function pathsOf({ of, at: offset, d }, t, values) {
  if (d) return undefined;
  if (of === "x") return paths(`xs.${t + offset - 1}`, values);
  return t + offset === 0 ? paths(`initial.${of}`, values) : undefined;
}

function weightPaths(kind, { name, gate }, i, j) {
  const place = [name, gate && GATES[kind].indexOf(gate), i, j].filter((each) => each !== undefined);
  return `cell.${place.join(".")}`;
}

function termRows(state, run, term, t, i, many) {
  if (term.W) return productRows(run, term, t, i);
  const rows = term.factors.map((factor) => factorRow(run, factor, t, i));
  if (term.slope) rows.push(slopeRow(run, term.slope, t, i));
  if (rows.length > 1 && many > 1) {
    const values = termValue(run, term, t) ?? rows[0].right.values.map(() => undefined);
    rows.push({ role: "partial", term: i, label: { text: "product" }, right: { values } });
  }
  return rows;
}

// A matrix above, and below it a vector and what it makes of it, as one multiplies by hand
function productRows(run, { vector: v, W: weight, transposed }, t, i) {
  const W = weightOf(run.kind, run.cell, weight);
  const across = transposed ? W : W[0], down = transposed ? W[0] : W;
  const entry = (r, c) => (transposed ? [c, r] : [r, c]);
  const matrix = down.map((_, r) => ({
    role: "weight",
    term: i,
    first: r === 0,
    last: r === down.length - 1,
    label: r === 0 ? { ...weight, transposed } : undefined,
    name: plainText(weight),
    right: {
      values: across.map((_, c) => W[entry(r, c)[0]][entry(r, c)[1]]),
      paths: across.map((_, c) => weightPaths(run.kind, weight, ...entry(r, c))),
      places: across.map((_, c) => entry(r, c)),
    },
  }));
  const values = valueOf(run, v, t);
  const blank = down.map(() => undefined);
  const product = values && termValue(run, { vector: v, W: weight, transposed }, t);
  return [...matrix, {
    role: "partial",
    term: i,
    label: { name: v.of, t: t + v.at, d: v.d },
    left: { values: values ?? blank, paths: values && pathsOf(v, t, values), of: v.of, d: v.d },
    right: { values: product ?? across.map(() => undefined) },
  }];
}

function factorRow(run, factor, t, i) {
  const values = factorValue(run, factor, t);
  if (factor.bias) {
    const { bias } = factor;
    const right = { values, paths: values.map((_, j) => weightPaths(run.kind, bias, j)) };
    return { role: "weight", bias: true, term: i, first: true, last: true, label: bias, name: plainText(bias), right };
  }
  const label = { name: factor.of, t: t + factor.at, d: factor.d, fn: factor.fn && functionOf(run.cell, factor.fn) };
  const width = run.trace[1][factor.of].length;
  const editable = factor.fn ? undefined : pathsOf(factor, t, values);
  return { role: "factor", term: i, label, right: { values: values ?? Array(width).fill(undefined), paths: editable, of: factor.of, d: factor.d } };
}

function slopeRow(run, { fn, of, at: offset }, t, i) {
  const name = functionOf(run.cell, fn), a = valueOf(run, { of, at: offset }, t);
  const { slope, of: f } = FUNCTIONS[name];
  const label = name === "1-" ? { text: "−1" } : { name: of, t: t + offset, fn: slope ? `${name}′` : name };
  return { role: "factor", slope: true, term: i, label, right: { values: slope ? slope(a, f(a)) : f(a) } };
}

// The last rows: the activation, which can be chosen, and what it makes of the sum
function functionRows(run, { t, fn, d }) {
  const [term] = fn.terms;
  const name = (term.slope ?? term.factors[0]).fn;
  const rows = d ? [slopeRow(run, term.slope, t)] : [];
  const choice = name in run.cell ? `cell.${name}` : undefined;
  // beside its name in the list that one chooses from
  if (d && choice) Object.assign(rows[0], { choice, label: { text: "slope" } });
  rows.push({
    role: "result",
    label: { name: fn.to, t, d },
    fn: functionOf(run.cell, name),
    choice: d ? undefined : choice,
    right: { values: valueOf(run, { of: fn.to, at: 0, d }, t), of: fn.to, d },
  });
  return rows;
}

// Of a weight's gradient: for every step what is multiplied, and the sum of all steps
function weightRows(run, { weight, reads, to }) {
  const steps = run.xs.map((_, i) => {
    const values = reads && valueOf(run, reads, i + 1);
    return {
      role: "step",
      label: { text: `t = ${i + 1}` },
      left: reads && { values, paths: pathsOf(reads, i + 1, values), of: reads.of },
      right: { values: run.gradient[i + 1][to], of: to, d: true },
    };
  });
  const total = weightOf(run.kind, run.weights, weight);
  const rows = (reads ? total : [total]).map((values, i) => ({
    role: "gradient",
    row: i,
    first: i === 0,
    last: !reads || i === total.length - 1,
    label: i === 0 ? { ...weight, d: true } : undefined,
    name: plainText({ ...weight, d: true }),
    right: { values, d: true },
  }));
  const head = {
    role: "head",
    label: { text: "" },
    leftTitle: reads && html({ name: reads.of, t: reads.at ? "t−1" : "t" }),
    rightTitle: html({ name: to, t: "t", d: true }),
  };
  return [head, ...steps, ...rows];
}

// --- The arithmetic behind an entry ----------------------------------------------------------------

// A result, and where it was rounded every digit of it
function outcome(value) {
  const short = number(value, 1), all = exact(value);
  return `<b>${short}</b>${short === all ? "" : ` <small>(${all})</small>`}`;
}

const productText = (pairs) => pairs.map(([u, v]) => `${factorText(u)}·${factorText(v)}`).join(" + ");

function termText(run, term, t, j) {
  if (term.W) {
    const v = valueOf(run, term.vector, t);
    const W = weightOf(run.kind, run.cell, term.W);
    return v && productText(v.map((v_i, i) => [v_i, term.transposed ? W[j][i] : W[i][j]]));
  }
  const factors = term.factors.map((factor) => factorValue(run, factor, t));
  if (factors.includes(undefined)) return undefined;
  if (term.slope) {
    const name = functionOf(run.cell, term.slope.fn), a = valueOf(run, term.slope, t);
    if (name === "softmax") return softmaxText(FUNCTIONS.softmax.of(a), factors[0], j);
    factors.push(FUNCTIONS[name].slope(a, FUNCTIONS[name].of(a)));
  }
  return factors.map((values) => factorText(values[j])).join("·");
}

const softmaxText = (y, d, j) =>
  `${factorText(y[j])}·(${number(d[j], 1)} − (${productText(d.map((d_i, i) => [d_i, y[i]]))}))`;

// How entry j of a row comes about, in HTML: one equation, or two where a function follows the sum
export function arithmetic(state, run, moment, row, j) {
  const { t, line, fn, d } = moment;
  const equation = (label, text, value) => `${label} = ${text ? `${text} = ` : ""}${outcome(value)}`;
  const entry = (name) => html({ name, t, d, entry: j + 1 });
  if (!row || row.role === "seed" || moment.start) return "";
  if (moment.to) return gradientText(run, moment, row, j);
  if (["partial", "weight", "factor"].includes(row.role) && row.term !== undefined) {
    const term = line.terms[row.term], value = termValue(run, term, t);
    if (!value) return "Nothing comes from beyond the last step.";
    return equation(termName(run, term, t, j), termText(run, term, t, j), value[j]);
  }
  const own = d && t > 0 && state.reads.includes(line.to) ? state.seeds[line.to][t - 1] : undefined;
  const parts = [own && number(own[j], 1), ...line.terms.map((term) => termText(run, term, t, j))].filter(Boolean);
  const total = valueOf(run, { of: line.to, at: 0, d }, t)[j];
  const first = equation(entry(line.to), parts.length > 1 || /·/.test(parts[0]) ? parts.join(" + ") : "", total);
  return row.role === "result" && fn ? `${first}<br>${functionText(run, moment, total, j, entry)}` : first;
}

function functionText(run, { t, fn, d }, total, j, entry) {
  const [term] = fn.terms;
  const value = valueOf(run, { of: fn.to, at: 0, d }, t)[j];
  const name = functionOf(run.cell, (term.slope ?? term.factors[0]).fn);
  const text = d ? termText(run, term, t, j) : `${name}(${number(total, 1)})`;
  const all = name === "softmax" && !d ? " of all entries" : "";
  return `${entry(fn.to)} = ${text}${all} = ${outcome(value)}`;
}

function termName(run, term, t, j) {
  if (term.W) {
    const { of, at: offset, d } = term.vector;
    return `(${html({ name: of, t: t + offset, d })} ${html({ ...term.W, transposed: term.transposed })})<sub>${j + 1}</sub>`;
  }
  const names = term.factors.map(({ bias, of, at: offset, d, fn }) =>
    html(bias ? { ...bias, entry: j + 1 } : { name: of, t: t + offset, d, fn: fn && functionOf(run.cell, fn), entry: j + 1 }));
  if (term.slope) names.push(html({ name: term.slope.of, t: t + term.slope.at, fn: `${functionOf(run.cell, term.slope.fn)}′`, entry: j + 1 }));
  return names.join(" ");
}

function gradientText(run, { weight, reads, to }, row, j) {
  if (row.role !== "gradient") return "";
  const pairs = run.xs.map((_, i) => [reads ? valueOf(run, reads, i + 1)[row.row] : 1, run.gradient[i + 1][to][j]]);
  const text = reads ? productText(pairs) : pairs.map(([, d]) => factorText(d)).join(" + ");
  const name = html({ ...weight, d: true });
  const entry = `<sub>${reads ? `${row.row + 1},` : ""}${j + 1}</sub>`;
  return `${name}${entry} = ${text} = ${outcome(sum(pairs.map(([u, v]) => u * v)))}`;
}

// Which cells entry j of a row is made of: (row, side, column) → whether it is lit
export function litBy(rows, chosen, j) {
  const row = rows[chosen];
  if (!row) return () => false;
  if (row.role === "gradient") {
    return (r, side, c) => (rows[r].role === "step" ? (side === "left" ? c === row.row : c === j) : r === chosen && c === j);
  }
  const whole = ["sum", "result"].includes(row.role);
  return (r, side, c) => {
    const other = rows[r];
    const together = whole ? r <= chosen : r === chosen || (row.term !== undefined && other.term === row.term);
    return together && (side === "left" || c === j);
  };
}
