// Toasts for what happens elsewhere, and banners for what is broken.

import { el, iconButton } from "./dom.js";
import { state } from "./state.js";

const TOAST_LIFE = 8000;
const MOST_TOASTS = 3;

/** A soft note that goes away by itself; `open` is what a click on it does. */
export function toast(title, text, open) {
  show(
    el(
      "div",
      { class: "toast", role: "status" },
      el(
        "button",
        { type: "button", class: "toast-open", on: { click: open } },
        el("strong", null, title),
        el("span", null, text),
      ),
    ),
  );
}

/** Something the person asked for did not work. */
export function complain(sentence) {
  show(el("div", { class: "toast error", role: "alert" }, el("span", null, sentence)));
}

function show(node) {
  const host = document.getElementById("toasts");
  const leave = () => {
    node.remove();
    if (host.childElementCount === 0 && host.matches(":popover-open")) host.hidePopover();
  };
  node.addEventListener("click", leave);
  node.append(iconButton("close", "Dismiss notice", leave));
  host.append(node);
  while (host.childElementCount > MOST_TOASTS) host.firstElementChild.remove();
  // Hiding and showing lifts the toasts above a dialog that opened in the meantime.
  if (host.matches(":popover-open")) host.hidePopover();
  host.showPopover();
  setTimeout(leave, TOAST_LIFE);
}

export function drawBanners() {
  const banners = [];
  if (!state.socketOpen)
    banners.push(el("p", { class: "banner" }, "The connection to the workspace is lost. Trying again …"));
  else {
    const offline = state.apps.filter((app) => app.connected === false);
    banners.push(
      ...offline.map((app) =>
        el("p", { class: "banner warn" }, `${app.name} is offline. Its commands and buttons will not be answered.`),
      ),
    );
  }
  const host = document.getElementById("banners");
  if (host.textContent !== banners.map((banner) => banner.textContent).join("")) host.replaceChildren(...banners);
}
