// Elements of the page. Text is inserted as text; nothing is parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return element;
}

function make(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function find(selector) {
  return document.querySelector(selector);
}

// Announce a text to screen readers.
function announce(text) {
  find("#announcer").textContent = text;
}

// A labelled select. Options are [value, text]; values are texts.
function select(label, options, value, changed, attributes) {
  const box = make("select", attributes, options.map(([one, text]) => make("option", { value: one }, text)));
  box.value = value;
  box.addEventListener("change", () => changed(box.value));
  return make("label", { class: "field" }, label, box);
}

function checkbox(label, checked, changed, attributes) {
  const box = make("input", { type: "checkbox", ...attributes });
  box.checked = checked;
  box.addEventListener("change", () => changed(box.checked));
  return make("label", { class: "field tick" }, box, label);
}

function search(label, changed, attributes) {
  const box = make("input", { type: "search", autocomplete: "off", spellcheck: "false", ...attributes });
  box.addEventListener("input", () => changed(box.value.trim().toLowerCase()));
  return make("label", { class: "field" }, label, box);
}

// Forms only group controls and are never submitted.
for (const form of document.querySelectorAll("form")) {
  form.addEventListener("submit", (event) => event.preventDefault());
}
