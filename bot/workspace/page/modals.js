// The stack of open modals: draws the views the workspace sends, submits and closes them.

import { actionsIn } from "./actions.js";
import { post } from "./api.js";
import { clearInputError, renderBlocks, showInputErrors } from "./blocks.js";
import { el, iconButton } from "./dom.js";
import { plainText, flatText } from "./mrkdwn.js";
import { currentRoute } from "./route.js";
import { state } from "./state.js";
import { collectValues, isEmptyValue } from "./values.js";

const open = new Map();

/** Brings the dialogs in line with state.views; only the top one is shown, those below keep what was typed. */
export function drawModals() {
  const wanted = new Set(state.views.map((view) => view.id));
  for (const [id, modal] of open) if (!wanted.has(id)) remove(id, modal);
  state.views.forEach((view, index) => {
    if (!open.has(view.id)) open.set(view.id, create(view));
    const modal = open.get(view.id);
    const signature = JSON.stringify([view.title, view.blocks, view.submit, view.close]);
    if (modal.signature !== signature) fill(modal, view, signature);
    const top = index === state.views.length - 1;
    if (top && !modal.dialog.open) raise(modal);
    if (!top && modal.dialog.open) lower(modal);
  });
}

function create(view) {
  const form = el("form", { novalidate: true, method: "dialog" });
  const dialog = el(
    "dialog",
    { class: "dialog modal", role: "dialog", data: { viewId: view.id, callbackId: view.callback_id } },
    form,
  );
  const modal = { id: view.id, dialog, form, body: null, signature: null, view };
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (event.target === dialog) close(modal);
  });
  // A browser may close a dialog on a second Esc without asking: the app still has to hear of it.
  dialog.addEventListener("close", () => open.has(modal.id) && !modal.lowered && close(modal));
  form.addEventListener("input", ({ target }) => clearInputError(target.closest(".block-input")));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(modal);
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey) && modal.view.submit) form.requestSubmit();
  });
  document.body.append(dialog);
  return modal;
}

function raise(modal) {
  modal.lowered = false;
  modal.dialog.showModal();
  const first =
    modal.body.querySelector("[autofocus]") ??
    modal.body.querySelector("input, select, textarea, button") ??
    modal.form.querySelector("[type=submit], footer button");
  first.focus();
}

function lower(modal) {
  modal.lowered = true;
  modal.dialog.close();
}

function remove(id, modal) {
  open.delete(id);
  modal.dialog.close();
  modal.dialog.remove();
}

// As in Slack, an input whose block_id and action_id stay the same keeps what was typed through an update.
function fill(modal, view, signature) {
  const carried = modal.body ? collectValues(modal.body) : undefined;
  const place = { in: "view", view_id: view.id };
  const context = { where: "view", place, channel: currentRoute().channel, carried, remembered: view.state?.values };
  const blocks = renderBlocks(view.blocks, { ...context, dispatch: actionsIn(place, () => modal.body) });
  const title = view.title?.text ?? "Dialog";
  Object.assign(modal, { view, signature, body: el("div", { class: "modal-body" }, blocks) });
  modal.dialog.setAttribute("aria-label", flatText(title));
  const focused = modal.form.contains(document.activeElement)
    ? document.activeElement.closest("[data-action-id]")?.dataset.actionId
    : null;
  modal.form.replaceChildren(
    el(
      "header",
      null,
      el("h2", null, ...plainText(title)),
      iconButton("close", "Dismiss", () => close(modal)),
    ),
    modal.body,
    el("p", { class: "modal-error", role: "alert", hidden: true }),
    footer(modal, view),
  );
  if (focused)
    [...modal.body.querySelectorAll("[data-action-id]")].find((node) => node.dataset.actionId === focused)?.focus();
}

function footer(modal, view) {
  const leave = view.close?.text ?? (view.submit ? "Cancel" : "Close");
  return el(
    "footer",
    null,
    el("button", { type: "button", class: "button", on: { click: () => close(modal) } }, ...plainText(leave)),
    view.submit && el("button", { type: "submit", class: "button primary" }, ...plainText(view.submit.text)),
  );
}

async function submit(modal) {
  const button = modal.form.querySelector("[type=submit]");
  if (!button || button.getAttribute("aria-busy") === "true") return;
  const values = collectValues(modal.body);
  const mistakes = mistakesIn(modal, values);
  showInputErrors(modal.body, mistakes);
  showError(modal, null);
  if (Object.keys(mistakes).length > 0) return;
  button.setAttribute("aria-busy", "true");
  const answer = await post("submit", { view_id: modal.id, state: { values } });
  button.removeAttribute("aria-busy");
  if (answer.ok) return;
  showInputErrors(modal.body, answer.errors ?? {});
  if (!modal.body.querySelector(".input-error:not([hidden])")) showError(modal, answer.error ?? "That was refused.");
}

function showError(modal, sentence) {
  const line = modal.form.querySelector(".modal-error");
  line.hidden = sentence === null;
  line.textContent = sentence ?? "";
}

/** What Slack's own client refuses before the app is asked. */
function mistakesIn(modal, values) {
  const mistakes = {};
  for (const block of modal.body.querySelectorAll(".block-input")) {
    const { blockId } = block.dataset;
    const definition = modal.view.blocks.find((each, index) => (each.block_id ?? `block-${index}`) === blockId);
    const value = Object.values(values[blockId] ?? {})[0];
    const sentence = mistakeIn(definition, value, block.querySelector("input, textarea"));
    if (sentence) mistakes[blockId] = sentence;
  }
  return mistakes;
}

const SHAPES = { email: "Enter an e-mail address.", url: "Enter a full address, such as https://example.com." };

function mistakeIn(definition, value, field) {
  const { element, optional } = definition;
  if (isEmptyValue(value)) return optional ? null : "Please complete this required field.";
  if (field?.validity.typeMismatch) return SHAPES[field.type];
  if (element.min_length && value.value?.length < element.min_length)
    return `Write at least ${element.min_length} characters.`;
  return element.type === "number_input" ? numberMistake(element, Number(value.value)) : null;
}

function numberMistake(element, number) {
  if (Number.isNaN(number)) return "Enter a number.";
  if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Enter a whole number.";
  if (element.min_value !== undefined && number < Number(element.min_value))
    return `Enter ${element.min_value} or more.`;
  if (element.max_value !== undefined && number > Number(element.max_value))
    return `Enter ${element.max_value} or less.`;
  return null;
}

async function close(modal) {
  const answer = await post("close_view", { view_id: modal.id });
  if (!answer.ok) showError(modal, answer.error);
}
