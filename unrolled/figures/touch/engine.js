// The networks: what they compute forwards, and backwards through time. The same numbers as rnnlib.
//
// A network is its equations, as text. All else follows from them: a line is a sum of terms, and the
// gradient of a quantity is again a line of the same kind, with a term for each place that reads it.
// So one function evaluates what flows either way, and one explains it, entry by entry.
//
// Vectors are rows. A quantity q of step t is trace[t].q; trace[0] holds the initial state.

export const EQUATIONS = {
  Layer: `
    a = x W_x + y(t-1) W_y + b
    y = phi(a)`,
  Elman: `
    a_h = x W_x + h(t-1) W_h + b_h
    h = g_h(a_h)
    a_o = h W_o + b_o
    y = g_o(a_o)`,
  Jordan: `
    a_h = x W_x + y(t-1) W_h + b_h
    h = g_h(a_h)
    a_o = h W_o + b_o
    y = g_o(a_o)`,
  LSTM: `
    a_f = x W_x[f] + h(t-1) W_h[f] + b[f]
    f = sigmoid(a_f)
    a_i = x W_x[i] + h(t-1) W_h[i] + b[i]
    i = sigmoid(a_i)
    a_c = x W_x[c_tilde] + h(t-1) W_h[c_tilde] + b[c_tilde]
    c_tilde = tanh(a_c)
    c = f * c(t-1) + i * c_tilde
    a_o = x W_x[o] + h(t-1) W_h[o] + b[o]
    o = sigmoid(a_o)
    h = o * tanh(c)`,
  GRU: `
    a_z = x W_x[z] + h(t-1) W_h[z] + b[z]
    z = sigmoid(a_z)
    a_r = x W_x[r] + h(t-1) W_h[r] + b[r]
    r = sigmoid(a_r)
    past = h(t-1) W_h[h_tilde] + b_h
    a_h = x W_x[h_tilde] + r * past + b[h_tilde]
    h_tilde = tanh(a_h)
    h = (1-z) * h_tilde + z * h(t-1)`,
};

// the order of the gates on the first axis of their weights
export const GATES = { LSTM: ["f", "i", "o", "c_tilde"], GRU: ["z", "r", "h_tilde"] };

// what flows on to the next step
export const STATE = { Layer: ["y"], Elman: ["h"], Jordan: ["y"], LSTM: ["h", "c"], GRU: ["h"] };

// --- Functions of a vector -------------------------------------------------------------------------

const sigma = (a) => 1 / (1 + Math.exp(-a));
const each = (f) => (v) => v.map(f);

function softmax(a) {
  const largest = Math.max(...a);
  const powers = a.map((a_j) => Math.exp(a_j - largest));
  return scaled(1 / sum(powers), powers);
}

// Each with its slope, of a and the function's value y. Softmax has none of single entries.
export const FUNCTIONS = {
  sigmoid: { of: each(sigma), slope: (a, y) => a.map((a_j, j) => y[j] * sigma(-a_j)) },
  tanh: { of: each(Math.tanh), slope: (a, y) => y.map((y_j) => 1 - y_j * y_j) },
  relu: { of: each((a) => Math.max(a, 0)), slope: (a) => a.map((a_j) => (a_j > 0 ? 1 : 0)) },
  identity: { of: each((a) => a), slope: (a) => a.map(() => 1) },
  softmax: { of: softmax },
  "1-": { of: each((a) => 1 - a), slope: (a) => a.map(() => -1) },
};

// ∂L/∂a from d = ∂L/∂y: entry by entry; for softmax every y hangs on every a
function pullBack(name, d, a) {
  const y = FUNCTIONS[name].of(a);
  if (name === "softmax") {
    const mean = sum(by(d, y));
    return y.map((y_j, j) => y_j * (d[j] - mean));
  }
  return by(d, FUNCTIONS[name].slope(a, y));
}

// --- Rows and matrices -----------------------------------------------------------------------------

export const sum = (numbers) => numbers.reduce((total, each) => total + each, 0);
export const zeros = (n) => Array(n).fill(0);
const scaled = (s, v) => v.map((v_j) => s * v_j);
const plus = (u, v) => u.map((u_j, j) => u_j + v[j]);
const by = (u, v) => u.map((u_j, j) => u_j * v[j]);
const times = (v, W) => W[0].map((_, j) => sum(v.map((v_i, i) => v_i * W[i][j])));
const timesTransposed = (v, W) => W.map((row) => sum(by(v, row)));
const outer = (u, v) => u.map((u_i) => scaled(u_i, v));

// --- The equations, read ---------------------------------------------------------------------------

// A quantity, at this step, the one before (-1) or the one after (1); its gradient has d
const quantity = (text) => {
  const [, of, before] = /^(\w+)(\(t-1\))?$/.exec(text);
  return { of, at: before ? -1 : 0 };
};

const weight = (text) => {
  const [, name, gate] = /^(\w+)(?:\[(\w+)\])?$/.exec(text);
  return { name, gate };
};

function factor(text) {
  if (/^b/.test(text)) return { bias: weight(text) };
  const found = /^\(?(1-|\w+(?=\())\(?([\w]+)\)$/.exec(text); // f(q), or (1-q)
  return found ? { fn: found[1], ...quantity(found[2]) } : quantity(text);
}

// Of x W_x the vector and the matrix, of f * c(t-1) the factors
function term(text) {
  const [vector, W] = text.split(" ");
  if (W && W !== "*") return { vector: quantity(vector), W: weight(W) };
  return { factors: text.split(" * ").map(factor) };
}

function read(text) {
  const [to, terms] = text.trim().split(" = ");
  return { to, terms: terms.split(" + ").map(term) };
}

const FORWARD = Object.fromEntries(
  Object.entries(EQUATIONS).map(([kind, text]) => [kind, text.trim().split("\n").map(read)]),
);
export const linesOf = (kind) => FORWARD[kind];

// --- The equations of the way back -----------------------------------------------------------------

// What reaches quantity q at step t of a term in the line of `to` that reads it: none, one or two
function* backThrough(q, to, { vector, W, factors }) {
  if (W && vector.of === q) {
    const at = -vector.at; // who reads the step before is in the step after
    yield { vector: { of: to, at, d: true }, W, transposed: true };
  }
  for (const read of factors ?? []) {
    if (read.of !== q) continue;
    const later = (other) => (other.bias ? other : { ...other, at: other.at - read.at });
    const others = factors.filter((other) => other !== read).map(later);
    const d = { of: to, at: -read.at, d: true };
    yield { factors: [d, ...others], slope: read.fn && { fn: read.fn, of: q, at: 0 } };
  }
}

function backward(kind) {
  const lines = FORWARD[kind];
  const quantities = ["x", ...lines.map(({ to }) => to)];
  return quantities.reverse().map((q) => {
    const terms = lines.flatMap(({ to, terms }) => terms.flatMap((each) => [...backThrough(q, to, each)]));
    return { to: q, terms };
  });
}

const BACKWARD = Object.fromEntries(Object.keys(FORWARD).map((kind) => [kind, backward(kind)]));
export const backwardLinesOf = (kind) => BACKWARD[kind];

// --- Evaluating ------------------------------------------------------------------------------------

// A weight of a cell; of one with gates that of a gate
export function weightOf(kind, cell, { name, gate }) {
  return gate ? cell[name][GATES[kind].indexOf(gate)] : cell[name];
}

// What an activation is called: `tanh` itself, or what the cell says of g_h
export const functionOf = (cell, fn) => (fn in FUNCTIONS ? fn : cell[fn]);

// A quantity's value at step t of a run, or its gradient's; nothing beyond the ends
export function valueOf(run, { of, at, d }, t) {
  return (d ? run.gradient : run.trace)[t + at]?.[of];
}

export function factorValue(run, factor, t) {
  if (factor.bias) return weightOf(run.kind, run.cell, factor.bias);
  const value = valueOf(run, factor, t);
  return factor.fn && value ? FUNCTIONS[functionOf(run.cell, factor.fn)].of(value) : value;
}

export function termValue(run, term, t) {
  if (term.W) {
    const v = valueOf(run, term.vector, t);
    const W = weightOf(run.kind, run.cell, term.W);
    return v && (term.transposed ? timesTransposed(v, W) : times(v, W));
  }
  const factors = term.factors.map((factor) => factorValue(run, factor, t));
  if (factors.includes(undefined)) return undefined;
  const value = factors.reduce(by);
  return term.slope ? pullBack(functionOf(run.cell, term.slope.fn), value, valueOf(run, term.slope, t)) : value;
}

function evaluate(run, line, t, start) {
  const values = line.terms.map((term) => termValue(run, term, t)).filter((value) => value);
  return start ? values.reduce(plus, start) : values.reduce(plus);
}

// The whole run of a network over its inputs: { kind, cell, xs, trace }
export function forwards({ kind, cell, xs, initial }) {
  const run = { kind, cell, xs, trace: [initial] };
  xs.forEach((x, i) => {
    const now = (run.trace[i + 1] = { x });
    for (const line of FORWARD[kind]) now[line.to] = evaluate(run, line, i + 1);
  });
  return run;
}

// The run with gradients: run.gradient[t].q is ∂L/∂q(t), run.gradient[0] that of the initial state,
// and run.weights that of the cell. `seeds` are the loss's own gradients, by name, one row a step.
export function backwards(run, seeds) {
  const T = run.xs.length;
  run.gradient = Array.from({ length: T + 1 }, () => ({}));
  for (let t = T; t >= 1; t -= 1) {
    for (const line of BACKWARD[run.kind]) {
      const own = seeds[line.to]?.[t - 1] ?? zeros(run.trace[t][line.to].length);
      run.gradient[t][line.to] = evaluate(run, line, t, own);
    }
  }
  for (const name of STATE[run.kind]) {
    const line = BACKWARD[run.kind].find(({ to }) => to === name);
    run.gradient[0][name] = evaluate(run, ofTheStepAfter(line), 0, zeros(run.trace[0][name].length));
  }
  run.weights = weightGradients(run);
  return run;
}

// What flows back to a quantity from the step after alone
export function ofTheStepAfter(line) {
  const after = ({ vector, factors }) => (vector ?? factors[0]).at === 1;
  return { ...line, terms: line.terms.filter(after) };
}

// Every weight serves at every step: its gradient is the sum over t of what it reads, times what it
// adds to. Yields { weight, reads, to }; a bias reads nothing.
export function* uses(kind) {
  for (const { to, terms } of FORWARD[kind]) {
    for (const { vector, W, factors } of terms) {
      if (W) yield { weight: W, reads: vector, to };
      else if (factors[0].bias) yield { weight: factors[0].bias, to };
    }
  }
}

function weightGradients(run) {
  const gradients = {};
  for (const { weight, reads, to } of uses(run.kind)) {
    const parts = run.xs.map((_, i) => {
      const d = run.gradient[i + 1][to];
      return reads ? outer(valueOf(run, reads, i + 1), d) : d;
    });
    const total = parts.reduce((a, b) => (reads ? a.map((row, i) => plus(row, b[i])) : plus(a, b)));
    if (!weight.gate) gradients[weight.name] = total;
    else (gradients[weight.name] ??= [])[GATES[run.kind].indexOf(weight.gate)] = total;
  }
  return gradients;
}
