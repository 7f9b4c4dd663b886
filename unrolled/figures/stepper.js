// What the steppers of a page need beyond the widgets themselves: names for a screen reader, a voice
// that says each frame's sentence, keys, and a copy on paper. Works without a server, and touches
// nothing but the steppers, and wide tables.
"use strict";
(() => {
  // Core widgets ask for MathJax 2, pages load MathJax 3. Frames hold no TeX: nothing is to be done.
  const shim = () => {
    if (window.MathJax && !window.MathJax.Hub) window.MathJax.Hub = { Queue() {}, Config() {} };
  };
  document.addEventListener("DOMContentLoaded", shim);
  window.addEventListener("load", shim);

  const HANDLE = ".noUi-handle";
  // the slider of the steps, which Play moves too
  const steps = (figure) => figure.querySelector(`.rnn-controls:has(.widget-play) ${HANDLE}`);

  const set = (element, name, value) => {
    if (element.getAttribute(name) !== value) element.setAttribute(name, value);
  };

  // "Step 2 of 3, memory: h(1) = …" → "Step 2 of 3, memory"
  const short = (sentence) => sentence.split(": ")[0];

  function name(figure) {
    const title = figure.querySelector(".rnn-title").textContent;
    set(figure, "role", "group");
    set(figure, "aria-label", title);
    const [play, again] = figure.querySelectorAll(".widget-play button");
    const playing = play.querySelector(".fa-pause") !== null;
    for (const [button, label] of [[play, playing ? "Pause" : "Play"], [again, "Back to the start"]]) {
      set(button, "aria-label", label);
      set(button, "title", label);
    }
    for (const slider of figure.querySelectorAll(".widget-slider")) {
      const label = slider.querySelector(".widget-label")?.textContent.trim();
      set(slider.querySelector(".noUi-handle"), "aria-label", label || "Step");
    }
    // the second slider stands for a value, which is shown beside it
    const value = figure.querySelector(".rnn-value");
    if (value) set(figure.querySelector(`.rnn-what-if ${HANDLE}`), "aria-valuetext", value.textContent);
  }

  function speak(figure, voice) {
    const frame = figure.querySelector(".rnn-frame");
    if (!frame) return; // between two frames
    const { text } = frame.dataset;
    set(steps(figure), "aria-valuetext", short(text));
    // the first frame is there to be read; only what changes is said
    if (figure.dataset.told && figure.dataset.told !== text) voice.textContent = text;
    figure.dataset.told = text;
  }

  function onKey(figure, event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
    const handle = steps(figure);
    const button = event.target.closest("button");
    if (event.key === " " && !button) {
      figure.querySelector(".widget-play button").click();
    } else if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
      // A slider's own handle answers by itself; a wide sheet scrolls by arrow keys.
      if (event.target.closest(`${HANDLE}, .rnn-sheet`)) return;
      handle.dispatchEvent(new KeyboardEvent("keydown", { key: event.key }));
    } else {
      return;
    }
    event.preventDefault();
  }

  // On paper a figure that moves is of no use: there the table of all steps stands in its place.
  function printable(figure) {
    const outputs = figure.closest(".cell_output");
    const table = outputs && outputs.querySelector("noscript");
    if (!table || outputs.querySelector(".rnn-print")) return;
    const copy = document.createElement("div");
    copy.className = "rnn-print";
    copy.innerHTML = table.textContent;
    table.after(copy);
  }

  function adopt(figure) {
    figure.dataset.adopted = "yes";
    const voice = document.createElement("p");
    voice.className = "rnn-voice";
    set(voice, "aria-live", "polite");
    figure.append(voice);
    name(figure);
    speak(figure, voice);
    figure.addEventListener("keydown", (event) => onKey(figure, event));
    printable(figure);
    new MutationObserver(() => { name(figure); speak(figure, voice); }).observe(figure, {
      subtree: true, childList: true, attributes: true, attributeFilter: ["class", "aria-valuetext"],
    });
  }

  const complete = (figure) => !figure.dataset.adopted && steps(figure) &&
    [".rnn-title", ".rnn-frame", ".widget-play button"].every((part) => figure.querySelector(part)) &&
    !!figure.querySelector(".rnn-what-if") === !!figure.querySelector(`.rnn-what-if ${HANDLE}`);

  // A table wider than its box scrolls: by keys as well, if the box can have the focus.
  const focusable = () => {
    for (const box of document.querySelectorAll(".pst-scrollable-table-container")) {
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    }
  };
  window.addEventListener("load", focusable);
  window.addEventListener("resize", focusable);

  document.addEventListener("DOMContentLoaded", () => {
    const look = () => [...document.querySelectorAll(".rnn-stepper")].filter(complete).forEach(adopt);
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true });
    look();
  });
})();
