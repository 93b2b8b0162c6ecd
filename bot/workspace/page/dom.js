// Builds DOM nodes. Nothing in this page ever parses text as HTML, so no message can become markup.

const SVG = "http://www.w3.org/2000/svg";

/** el("button", {class: "x", data: {ts}, on: {click}}, "text", node, [more]) - null children are skipped. */
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "data") Object.assign(node.dataset, withoutNothing(value));
    else if (name === "on") for (const [type, react] of Object.entries(value)) node.addEventListener(type, react);
    else if (name === "value") node.value = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

function withoutNothing(record) {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null && value !== undefined));
}

/** Makes `nodes` the children of `parent` and leaves those that already stand right untouched (focus, scroll). */
export function reconcile(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.childNodes]) if (!wanted.has(child)) child.remove();
  nodes.forEach((node, index) => {
    if (parent.childNodes[index] !== node) parent.insertBefore(node, parent.childNodes[index] ?? null);
  });
}

/** A line drawing from ICONS, hidden from screen readers: the button around it carries the name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, click, props) {
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click }, ...props },
    icon(name),
  );
}

// Our own strokes on a 20 × 20 grid.
const ICONS = {
  bell: "M10 3a5 5 0 0 0-5 5v3.5L3.5 14h13L15 11.5V8a5 5 0 0 0-5-5ZM8.5 16.5a1.6 1.6 0 0 0 3 0",
  bolt: "M11 2.5 4.5 11H9l-.5 6.5L15.5 9H11Z",
  chevron: "M5.5 8 10 12.5 14.5 8",
  close: "M5 5l10 10M15 5 5 15",
  down: "M10 4v12M5 11l5 5 5-5",
  hash: "M8 3 6.5 17M13.5 3 12 17M4 7.5h13M3 12.5h13",
  home: "M3.5 9.5 10 4l6.5 5.5M5.5 8.5v7.5h9V8.5M8.5 16v-4h3v4",
  lock: "M5 9h10v7.5H5ZM7 9V6.5a3 3 0 0 1 6 0V9",
  menu: "M3.5 5.5h13M3.5 10h13M3.5 14.5h13",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  out: "M8 5H5v10h10v-3M11 4.5h4.5V9M15 5l-6 6",
  people:
    "M7.5 9.5a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4ZM2.5 16c.4-2.8 2.3-4.2 5-4.2s4.6 1.4 5 4.2M13 4.4a2.6 2.6 0 0 1 0 4.9M14.5 12.2c1.8.5 2.8 1.8 3.1 3.8",
  pin: "M12.5 3.5 16.5 7.5 12.5 10l-.5 4L6 8l4-.5ZM9 11l-5 5",
  plus: "M10 4v12M4 10h12",
  reply: "M8 5 3.5 9.5 8 14M4 9.5h7.5c3 0 5 2 5 5.5",
  send: "M3.5 4 17 10 3.5 16 6 10ZM6 10h6",
  smile: "M10 17a7 7 0 1 0 0-14 7 7 0 0 0 0 14ZM7 12c1.5 2 4.5 2 6 0M7.5 8h.01M12.5 8h.01",
};
