// Numbers and symbols as text, as HTML, as SVG and as TeX.

const MINUS = "−";

// At most six characters, so that columns need no more room than that
export function number(value) {
  const size = Math.abs(value);
  if (Number.isNaN(value)) return "?";
  if (size === Infinity) return value > 0 ? "∞" : `${MINUS}∞`;
  if (size === 0) return "0";
  if (size < 0.001) return "≈ 0";
  const decimals = size < 1 ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0;
  const rounded = Number(value.toFixed(decimals));
  const text = Math.abs(rounded) < 99999.5 ? String(rounded) : powerOfTen(value);
  return text.replace("-", MINUS);
}

function powerOfTen(value) {
  const [digits, power] = value.toExponential(0).split("e+");
  return `${digits}·10${[...power].map((digit) => "⁰¹²³⁴⁵⁶⁷⁸⁹"[digit]).join("")}`;
}

// Every digit that there is
export const exact = (value) => String(Object.is(value, -0) ? 0 : value).replace("-", MINUS);

// What a reader typed: with either minus sign, a comma for a point, or a fraction. NaN if no number.
export function parse(text) {
  const plain = text.trim().replace(/[−–]/g, "-").replace(",", ".").replace(/^≈\s*/, "");
  const [, over, under] = /^(-?[\d.]+)\s*\/\s*(\d+)$/.exec(plain) ?? [];
  if (under) return Number(over) / Number(under);
  return plain === "" || /[xbo]/i.test(plain) ? NaN : Number(plain);
}

export const vector = (values) => `(${values.map(number).join(", ")})`;
export const factorText = (value) => (value < 0 ? `(${number(value)})` : number(value));

const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";
export const subscript = (n) => [...String(n)].map((digit) => SUBSCRIPTS[digit]).join("");

// --- Symbols ---------------------------------------------------------------------------------------

// { name: "h", t: 2, d: true } is ∂L/∂h(2). A weight has no t, but may have a gate. `entry` is the
// number of an entry, `fn` a function that is taken of all.
function pieces({ name, t, d, gate, transposed, entry, fn }) {
  const [letter, ...rest] = name.split("_");
  const tilde = rest[0] === "tilde";
  return {
    before: `${fn === "1-" ? "1 − " : fn ? `${fn}(` : ""}${d ? "∂L/∂" : ""}`,
    letter: tilde ? `${letter}\u0303` : letter,
    below: [tilde ? "" : rest.join("_"), gate && plainText({ name: gate }), entry].filter(Boolean).join(","),
    after: `${transposed ? "ᵀ" : ""}${t === undefined ? "" : `(${t})`}${fn && fn !== "1-" ? ")" : ""}`,
  };
}

export function plainText(symbol) {
  const { before, letter, below, after } = pieces(symbol);
  return `${before}${letter}${below && `_${below}`}${after}`;
}

export function html(symbol) {
  const { before, letter, below, after } = pieces(symbol);
  return `${before.replace("L/", "<var>L</var>/\u2060")}<var>${letter}</var>${below && `<sub>${below}</sub>`}${after}`;
}

export function svgText(symbol) {
  const { before, letter, below, after } = pieces(symbol);
  const lowered = below && `<tspan dy="3" font-size="75%">${below}</tspan>`;
  const rest = after && below ? `<tspan dy="-3">${after}</tspan>` : after;
  return `${before}<tspan font-style="italic">${letter}</tspan>${lowered}${rest}`;
}

export function tex({ name, t, d }) {
  const [letter, ...rest] = name.split("_");
  const base = rest[0] === "tilde" ? `\\tilde ${letter}` : rest.length ? `${letter}_{${rest.join("_")}}` : letter;
  return `${d ? "\\partial L/\\partial " : ""}${base}${t === undefined ? "" : `(${t})`}`;
}
