// Modals on their stack, and the question before a dangerous button.

import { blocks } from "./blocks.js";
import { el, fill } from "./dom.js";
import { withEmoji } from "./mrkdwn.js";
import { on, post, state } from "./state.js";

const root = document.getElementById("modals");
let shown = null;

on("views", show);
on("all", show);

function show() {
  const view = state.views.at(-1);
  if (!view) {
    shown = null;
    fill(root);
    return;
  }
  if (shown === `${view.id}${view.hash}`) return;
  shown = `${view.id}${view.hash}`;
  draw(view);
}

function draw(view) {
  const values = {};
  const context = {
    isForm: true,
    values: (block, action, value) => ((values[block] ||= {})[action] = value),
    act: (one, block, chosen) => post("action", { in: "view", view_id: view.id, block_id: block.block_id, action_id: one.action_id, value: one.value, ...chosen, state: { values } }),
  };
  const close = () => post("close_view", { view_id: view.id });
  const form = el("form", { noValidate: true, onsubmit: (event) => submit(event, view, values) },
    el("header", {}, el("h2", { id: "modal-title" }, ...withEmoji(view.title.text)),
      el("button", { type: "button", class: "close", "aria-label": "Close", onclick: close }, "×")),
    el("div", { class: "modal-body" }, ...blocks(view.blocks, context)),
    el("footer", {}, el("p", { class: "error", role: "alert", hidden: true }),
      el("button", { type: "button", class: "button", onclick: close }, view.close ? view.close.text : "Cancel"),
      view.submit && el("button", { type: "submit", class: "button primary" }, view.submit.text)));
  const dialog = el("div", { class: "modal", role: "dialog", "aria-modal": "true", "aria-label": view.title.text, onkeydown: (event) => { if (event.key === "Escape") close(); else keepFocus(event, dialog); } }, form);
  fill(root, el("div", { class: "backdrop" }, dialog));
  const first = dialog.querySelector(".modal-body input, .modal-body textarea, .modal-body select") || dialog.querySelector("button");
  first.focus();
}

async function submit(event, view, values) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("[type=submit]");
  if (button.disabled) return;
  button.disabled = true;
  for (const node of form.querySelectorAll(".error")) node.hidden = true;
  const answer = await post("submit", { view_id: view.id, state: { values } });
  button.disabled = false;
  for (const [block, sentence] of Object.entries(answer.errors || {})) {
    const node = document.getElementById(`input-${block}-error`) || form.querySelector("footer .error");
    node.textContent = sentence;
    node.hidden = false;
  }
  if (answer.error) {
    const node = form.querySelector("footer .error");
    node.textContent = answer.error;
    node.hidden = false;
  }
}

export function confirmDialog(confirm, go) {
  const before = document.activeElement;
  const done = (yes) => {
    layer.remove();
    if (before) before.focus();
    if (yes) go();
  };
  const yes = el("button", { type: "button", class: "button primary", onclick: () => done(true) }, confirm.confirm.text);
  const dialog = el("div", { class: "modal small", role: "alertdialog", "aria-modal": "true", "aria-label": confirm.title.text, onkeydown: (event) => { if (event.key === "Escape") done(false); else keepFocus(event, dialog); } },
    el("header", {}, el("h2", {}, confirm.title.text)),
    el("div", { class: "modal-body" }, ...blocks([{ type: "section", text: confirm.text }], {})),
    el("footer", {}, el("button", { type: "button", class: "button", onclick: () => done(false) }, confirm.deny.text), yes));
  const layer = el("div", { class: "backdrop" }, dialog);
  document.body.append(layer);
  yes.focus();
}

function keepFocus(event, dialog) {
  if (event.key !== "Tab") return;
  const all = [...dialog.querySelectorAll("button, input, select, textarea, a[href]")].filter((node) => !node.disabled && node.offsetParent);
  const edge = event.shiftKey ? all[0] : all.at(-1);
  if (document.activeElement === edge) {
    event.preventDefault();
    (event.shiftKey ? all.at(-1) : all[0]).focus();
  }
}
