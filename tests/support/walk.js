// Walks through the frames of all figures of a page at once, by the keys that stepper.js knows. A
// step of a figure is a key for its second slider or null, a key for its first, and what its frame
// then says. Tells of each figure what sizes it had, where its drawings and sheets stood, and what
// stuck out of its cell, of the figure, or of the room that is kept for it.
async ({ walks, patience }) => {
  const until = performance.now() + patience;
  const figures = [...document.querySelectorAll(".rnn-stepper")].map((box, i) => ({
    box, steps: walks[i], sizes: new Set(), places: new Set(), outside: new Set(),
  }));

  function press({ box }, [value, step]) {
    const send = (element, key) =>
      element.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    if (value) send(box.querySelector(".rnn-what-if .noUi-handle"), value);
    send(box, step);
  }

  async function shows({ box }, [, , text]) {
    while (box.querySelector(".rnn-frame")?.dataset.text !== text) {
      if (performance.now() > until) throw new Error(`never shown: ${text}`);
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  const rounded = (...lengths) => lengths.map((length) => length.toFixed(1)).join(" ");
  const inside = (inner, outer) =>
    !inner.width || (inner.left > outer.left - 1 && inner.right < outer.right + 1);

  const range = new Range(); // one, since the page keeps all up to date whenever it changes
  function textOf(cell) {
    range.selectNodeContents(cell);
    return range.getBoundingClientRect();
  }

  function measure({ box, sizes, places, outside }) {
    const own = box.getBoundingClientRect();
    const boxes = (parts, within = box) => [...within.querySelectorAll(parts)].map((part) => {
      const { x, y, width, height, left, right } = part.getBoundingClientRect();
      if (!inside({ width, left, right }, own)) outside.add(part.className);
      return rounded(x - own.x, y - own.y, width, height);
    }).join(", ");
    const body = boxes(".rnn-frame :is(.rnn-svg, .rnn-sheet)");
    const outlines = [...box.querySelectorAll(".rnn-sizer > :is(.rnn-parts, .rnn-pair)")]
      .map((outline) => boxes(".rnn-svg, .rnn-sheet", outline));
    if (!outlines.includes(body)) outside.add("the outline");
    sizes.add(rounded(own.width, own.height));
    places.add([body, boxes(".rnn-value, .widget-slider")].join("; "));
    for (const cell of box.querySelectorAll(".rnn-frame tr:not(.room) td")) {
      if (!inside(textOf(cell), cell.getBoundingClientRect())) outside.add(cell.textContent);
    }
  }

  for (let i = 0; i < Math.max(...walks.map((steps) => steps.length)); i++) {
    const moving = figures.filter(({ steps }) => i < steps.length);
    for (const figure of moving) press(figure, figure.steps[i]);
    await Promise.all(moving.map((figure) => shows(figure, figure.steps[i])));
    moving.forEach(measure); // all at once: one layout of the page
  }
  return figures.map(({ sizes, places, outside }) => [[...sizes], [...places], [...outside]]);
}
