// Numbers and symbols as text, as HTML, as SVG and as TeX.

const MINUS = "−";

// At most six characters, so that columns need no more room than that. In a calculation there is room
// for a digit more.
export function number(value, more = 0) {
  const size = Math.abs(value);
  if (Number.isNaN(value)) return "?";
  if (size === Infinity) return value > 0 ? "∞" : `${MINUS}∞`;
  if (size === 0) return "0";
  if (size < 0.001) return more ? powerOfTen(value, more) : "≈ 0";
  const decimals = size < (more ? 1 : 0.1) ? 3 : size < 10 ? 2 : size < 100 ? 1 : 0;
  const rounded = Number(value.toFixed(decimals));
  const text = Math.abs(rounded) < 99999.5 ? String(rounded) : powerOfTen(value, more);
  return text.replace("-", MINUS);
}

function powerOfTen(value, decimals) {
  const [digits, power] = value.toExponential(2 * decimals).split("e");
  const raised = [...power.replace("+", "")].map((each) => (each === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[each]));
  return `${digits.replace("-", MINUS)}·10${raised.join("")}`;
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

export const vector = (values) => `(${values.map((value) => number(value)).join(", ")})`;
export const factorText = (value) => (value < 0 ? `(${number(value, 1)})` : number(value, 1));

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
    after: `${t === undefined ? "" : `(${t})`}${transposed ? "ᵀ" : ""}${fn && fn !== "1-" ? ")" : ""}`,
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

export function texNumber(value) {
  const text = number(value);
  if (text.includes("·")) return value.toExponential(0).replace(/e\+(\d+)/, "\\cdot 10^{$1}");
  return text.replace("−", "-").replace("≈", "\\approx").replace("∞", "\\infty");
}

export function tex({ name, t, d }) {
  const [letter, ...rest] = name.split("_");
  const base = rest[0] === "tilde" ? `\\tilde ${letter}` : rest.length ? `${letter}_{${rest.join("_")}}` : letter;
  return `${d ? "\\partial L/\\partial " : ""}${base}${t === undefined ? "" : `(${t})`}`;
}
