// Small panels and menus that hang on a button; the browser closes them on Esc and on a click elsewhere.

import { el } from "./dom.js";

const GAP = 6;
const EDGE = 8;
let lastClosed = { anchor: null, at: 0 };

/** Opens `panel` below (or above) the anchor. Returns a function that closes it. */
export function openPopover(anchor, panel, { onClose } = {}) {
  // A click on the anchor of an open popover closes it before the click arrives here: that was a "close".
  if (lastClosed.anchor === anchor && performance.now() - lastClosed.at < 250) return () => {};
  panel.classList.add("popover");
  panel.setAttribute("popover", "auto");
  // Inside a modal dialog the rest of the page is inert, so the panel must stand within it.
  (anchor.closest("dialog") ?? document.body).append(panel);
  panel.showPopover();
  place(panel, anchor);
  anchor.setAttribute("aria-expanded", "true");
  panel.addEventListener("toggle", ({ newState }) => {
    if (newState !== "closed") return;
    lastClosed = { anchor, at: performance.now() };
    anchor.setAttribute("aria-expanded", "false");
    panel.remove();
    onClose?.();
  });
  return () => panel.isConnected && panel.hidePopover();
}

function place(panel, anchor) {
  const at = anchor.getBoundingClientRect();
  const size = panel.getBoundingClientRect();
  const below = at.bottom + GAP + size.height <= innerHeight - EDGE || at.top < innerHeight - at.bottom;
  const left = Math.max(EDGE, Math.min(at.left, innerWidth - size.width - EDGE));
  const room = below ? innerHeight - at.bottom - GAP - EDGE : at.top - GAP - EDGE;
  panel.style.left = `${left}px`;
  panel.style.maxHeight = `${room}px`;
  if (below) panel.style.top = `${at.bottom + GAP}px`;
  else panel.style.top = `${at.top - GAP - Math.min(size.height, room)}px`;
}

/** A menu of {label, description?, node?, data?, choose}; arrow keys move, Enter chooses. */
export function openMenu(anchor, items, { label }) {
  const menu = el("div", { class: "menu", role: "menu", "aria-label": label });
  const close = openPopover(
    anchor,
    menuWith(menu, items, () => close()),
  );
  menu.querySelector("[role=menuitem]")?.focus();
}

function menuWith(menu, items, close) {
  for (const item of items) {
    const click = () => {
      close();
      item.choose();
    };
    menu.append(
      el(
        "button",
        { type: "button", role: "menuitem", class: "menu-item", data: item.data, on: { click } },
        item.node,
        el("span", null, item.label, item.description && el("small", null, item.description)),
      ),
    );
  }
  menu.addEventListener("keydown", (event) => moveFocus(event, menu, "[role=menuitem]"));
  return menu;
}

/** Arrow keys, Home and End walk through the matching children. */
export function moveFocus(event, root, selector) {
  const steps = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity };
  if (!(event.key in steps)) return;
  const nodes = [...root.querySelectorAll(selector)];
  const at = nodes.indexOf(document.activeElement);
  const next = Math.max(0, Math.min(nodes.length - 1, at + steps[event.key]));
  nodes[next]?.focus();
  event.preventDefault();
}
