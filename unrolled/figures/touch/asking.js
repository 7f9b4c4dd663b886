// What a reader computed: the vector that comes next, or a whole run; and which entry is right.

import { valueOf } from "./engine.js";

const decimalsOf = (value) => {
  const [digits, power = 0] = String(value).split("e");
  return Math.max(0, (digits.split(".")[1] ?? "").length - power);
};

// A number is right if it is the value rounded to as many digits as were given, but at least to two
// behind the point; of many digits the seventh does not count
export function same(mine, right) {
  const size = Math.max(1, Math.abs(right));
  const given = 0.5 * 10 ** -decimalsOf(mine);
  return Math.abs(mine - right) <= Math.min(Math.max(given, 1e-6 * size), 0.005 * size) * (1 + 1e-9);
}

// The vector of one moment, as a reader expects it
export class Guess {
  constructor(right) {
    this.right = right;
    this.values = [];
    this.marks = [];
    this.solved = false;
  }

  answer(i, value) {
    this.values[i] = Number.isNaN(value) ? undefined : value;
    this.marks[i] = undefined;
  }

  // The first entry that has no number yet, or -1
  get missing() { return this.right.findIndex((_, i) => this.values[i] === undefined); }

  // The first entry that is wrong, or -1
  check() {
    this.marks = this.right.map((value, i) => (same(this.values[i], value) ? "right" : "wrong"));
    this.solved = !this.marks.includes("wrong");
    return this.marks.indexOf("wrong");
  }

  reveal() {
    this.values = [...this.right];
    this.solved = true;
  }
}

// A run as a reader computed it, as much of it as there is
export class OwnNumbers {
  constructor() {
    this.numbers = {};
    this.marks = {};
  }

  get(name, t, i) { return this.numbers[`${name} ${t} ${i}`]; }

  mark(name, t, i) { return this.marks[`${name} ${t} ${i}`]; }

  set(name, t, i, value) {
    this.numbers[`${name} ${t} ${i}`] = Number.isNaN(value) ? undefined : value;
    this.marks = {};
  }

  // A row for each step, from 1 on; of one neuron also the numbers alone
  setAll(name, rows) {
    rows.forEach((row, t) => [row].flat().forEach((value, i) => this.set(name, t + 1, i, value)));
  }

  // How many there are, and the first that differs, in the order in which one computes
  check(run, moments, names, d) {
    let first, count = 0;
    this.marks = {};
    for (const [step, { line, name: result, t }] of moments.entries()) {
      for (const name of new Set([line?.to, result])) {
        if (!names.includes(name)) continue;
        valueOf(run, { of: name, at: 0, d }, t).forEach((right, i) => {
          const mine = this.get(name, t, i);
          if (mine === undefined) return;
          count += 1;
          const fits = same(mine, right);
          this.marks[`${name} ${t} ${i}`] = fits ? "right" : "wrong";
          if (!fits) first ??= { step, name, t, i, mine, right, d };
        });
      }
    }
    return { count, first };
  }
}
