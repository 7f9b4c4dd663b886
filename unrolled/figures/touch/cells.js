// Cells that hold one number each: those that a reader changes, and those that are computed.

import { exact, number, parse } from "./notation.js";

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name === "html") made.innerHTML = value;
    else if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== undefined));
  return made;
}

// Of the cells of a matrix or a vector one is a tab stop; arrow keys go on to the others
function neighbour(cell, by) {
  const group = cell.closest("[data-group]").dataset.group;
  const all = [...cell.closest(".un-cells").querySelectorAll(`[data-group="${group}"] > :is(input, button)`)];
  return all[all.indexOf(cell) + by];
}

export function moveTo(cell, by) {
  const next = neighbour(cell, by);
  next?.focus();
  return next !== undefined;
}

function isTabStop(cell) {
  const group = cell.closest("[data-group]").dataset.group;
  for (const each of cell.closest(".un-cells").querySelectorAll(`[data-group="${group}"] > :is(input, button)`)) {
    each.tabIndex = each === cell ? 0 : -1;
  }
}

// A number that is computed: a button, since it can be asked how it came about
export function output({ name, tabIndex, onChoose }) {
  const button = element("button", { type: "button", class: "un-out", tabindex: tabIndex });
  button.addEventListener("focus", () => { isTabStop(button); onChoose(); });
  button.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && onChoose());
  button.addEventListener("click", onChoose);
  button.addEventListener("keydown", (event) => {
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (by && moveTo(button, by)) event.preventDefault();
  });
  const show = (value) => {
    const there = value !== undefined;
    const text = there ? number(value) : "";
    if (button.textContent !== text) button.textContent = text;
    button.title = there && number(value) !== exact(value) ? exact(value) : "";
    button.setAttribute("aria-label", `${name}: ${there ? exact(value) : "not yet known"}`);
  };
  return { element: button, show };
}

const PIXELS = 9; // of dragging, for one step
const stepOf = (value, event) => (event.shiftKey || !Number.isInteger(value) ? 0.1 : 1);
const tidy = (value) => Number(value.toFixed(10));

// A number that can be changed: typed, dragged, or stepped by arrow keys. `onEdit` gets the number and
// whether a new change begins, of which undo is to know.
export function input({ name, tabIndex, onEdit, onChoose, hint }) {
  const field = element("input", {
    class: "un-in", type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
    "aria-label": name, tabindex: tabIndex, title: hint,
  });
  let value = 0, before = 0, typing = false, began = false;
  const write = (text) => { if (field.value !== text) field.value = text; };
  const valid = (yes) => field.setAttribute("aria-invalid", String(!yes));
  const edit = (next) => { value = next; onEdit(next, !began); began = true; };

  field.addEventListener("focus", () => {
    isTabStop(field);
    [before, began, typing] = [value, false, false];
    write(exact(value));
    field.select();
    onChoose?.();
  });
  field.addEventListener("input", () => {
    typing = true;
    const next = parse(field.value);
    valid(Number.isFinite(next));
    if (Number.isFinite(next)) edit(next);
  });
  field.addEventListener("blur", () => { typing = false; valid(true); write(number(value)); });
  field.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && onChoose?.());
  field.addEventListener("keydown", (event) => onKey(event));
  const step = (times, event) => { edit(tidy(value + times * stepOf(value, event))); write(exact(value)); field.select(); };

  function onKey(event) {
    const { key } = event;
    if (key === "ArrowUp" || key === "ArrowDown") step(key === "ArrowUp" ? 1 : -1, event);
    else if (key === "Enter") field.select();
    else if (key === "Escape") { edit(before); write(exact(before)); field.select(); }
    else if (key === "ArrowLeft" || key === "ArrowRight") {
      const all = field.selectionStart === 0 && field.selectionEnd === field.value.length;
      if (typing && !all) return;
      if (!moveTo(field, key === "ArrowLeft" ? -1 : 1)) return;
    } else return;
    event.preventDefault();
  }

  scrub(field, {
    start: () => { before = value; began = false; return value; },
    move: (start, steps, event) => { edit(tidy(start + steps * stepOf(start, event))); write(number(value)); },
  });
  const show = (next) => {
    value = next;
    if (!typing && document.activeElement !== field) write(number(next));
    else if (!typing) write(exact(next));
  };
  return { element: field, show };
}

// Dragging sideways changes a number; a click that does not move is for typing
function scrub(field, { start, move }) {
  let from, value, moved;
  field.addEventListener("mousedown", (event) => { if (document.activeElement !== field) event.preventDefault(); });
  field.addEventListener("pointerdown", (event) => {
    if (document.activeElement === field || event.button) return;
    [from, moved, value] = [event.clientX, false, start()];
    field.setPointerCapture(event.pointerId);
  });
  field.addEventListener("pointermove", (event) => {
    if (from === undefined) return;
    const steps = Math.trunc((event.clientX - from) / PIXELS);
    if (!steps && !moved) return;
    moved = true;
    move(value, steps, event);
  });
  field.addEventListener("pointerup", () => {
    if (from !== undefined && !moved) field.focus();
    from = undefined;
  });
  field.addEventListener("pointercancel", () => { from = undefined; });
}

// A number that a reader gives as an answer: empty at first
export function answer({ name, tabIndex, onAnswer, onEnter, onPaste }) {
  const field = element("input", {
    class: "un-in un-answer", type: "text", inputmode: "decimal", autocomplete: "off", spellcheck: "false",
    "aria-label": name, tabindex: tabIndex,
  });
  field.addEventListener("focus", () => { isTabStop(field); field.select(); });
  field.addEventListener("input", () => { delete field.dataset.told; onAnswer(parse(field.value)); });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); onEnter?.(); }
    const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (by && moveTo(field, by)) event.preventDefault();
  });
  // a row or a whole table at once: numbers go on to the fields behind this one
  field.addEventListener("paste", (event) => {
    const numbers = event.clipboardData.getData("text").match(/[-−]?[\d.]+(?:e[-+]?\d+)?/gi) ?? [];
    if (numbers.length < 2) return;
    event.preventDefault();
    onPaste(field, numbers.map(parse));
  });
  const show = (value) => { if (document.activeElement !== field) field.value = Number.isNaN(value) || value === undefined ? "" : exact(value); };
  return { element: field, show };
}
