// On a published page: a figure's place holds its state as JSON. No kernel, no server, no widget manager.

import figure from "./figure.js";

const nameOf = (title) => title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 40);

// What anywidget calls a model, without anybody at the other end
function modelOf(values) {
  return {
    get: (name) => values[name],
    set: (name, value) => { values[name] = value; },
    save_changes: () => {},
    on: () => {},
    off: () => {},
  };
}

// On paper a figure that moves is of no use: there the table of all steps stands in its place, the one
// that shows where scripts are off
function onPaper(place) {
  const copy = document.createElement("div");
  copy.className = "un-paper";
  copy.innerHTML = place.querySelector("noscript")?.textContent ?? "";
  return copy;
}

function start(place) {
  const values = JSON.parse(place.querySelector("script[type='application/json']").textContent);
  const address = nameOf(values.title);
  const el = document.createElement("div");
  place.append(el);
  figure.render({ model: modelOf({ ...values, address }), el });
  place.append(onPaper(place));
  if (location.hash.startsWith(`#${address}:`)) place.scrollIntoView();
}

function startAll() {
  document.querySelectorAll(".un-place:not([data-alive])").forEach((place) => {
    place.dataset.alive = "";
    start(place);
  });
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", startAll);
else startAll();
