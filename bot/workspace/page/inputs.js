// Input elements one types or ticks: text, e-mail, address, number, checkboxes, radio buttons, dates and times.

import { el } from "./dom.js";
import { flatText, textObject } from "./mrkdwn.js";
import { readWith, startingValue } from "./values.js";

const TEXT_TYPES = { email_text_input: "email", url_text_input: "url", number_input: "text" };

export function textInput(element, context) {
  const props = {
    class: "field-input",
    placeholder: element.placeholder && flatText(element.placeholder.text),
    maxlength: element.max_length,
    autofocus: element.focus_on_load,
    "aria-label": context.input ? null : element.placeholder && flatText(element.placeholder.text),
    value: startingValue(element, context).value ?? "",
    autocomplete: "off",
  };
  const number = element.type === "number_input";
  if (number) props.inputmode = element.is_decimal_allowed ? "decimal" : "numeric";
  const field = element.multiline
    ? el("textarea", { ...props, rows: 4 })
    : el("input", { ...props, type: TEXT_TYPES[element.type] ?? "text" });
  const value = () => (field.value === "" ? null : field.value);
  listenToTyping(field, element, context, value);
  return readWith(field, () => ({ type: element.type, value: value() }));
}

function listenToTyping(field, element, context, value) {
  if (!context.input?.dispatch_action) return;
  const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  if (when.includes("on_character_entered")) field.addEventListener("input", () => context.tell({ value: value() }));
  if (!when.includes("on_enter_pressed")) return;
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    context.tell({ value: value() });
  });
}

let groups = 0;

function tickGroup(element, context, type, isTicked) {
  groups += 1;
  const name = `ticks-${groups}`;
  const rows = element.options.map((option) => {
    const box = el("input", { type, name, value: option.value, checked: isTicked(option) });
    const words = el(
      "span",
      null,
      ...textObject(option.text),
      option.description && el("small", null, ...textObject(option.description)),
    );
    return { option, box, row: el("label", { class: "tick" }, box, words) };
  });
  const role = type === "radio" ? "radiogroup" : "group";
  const group = el(
    "fieldset",
    { class: "ticks", role, "aria-label": context.label && flatText(context.label) },
    rows.map(({ row }) => row),
  );
  const ticked = () => rows.filter(({ box }) => box.checked).map(({ option }) => option);
  return { group, ticked };
}

export function checkboxes(element, context) {
  const chosen = new Set((startingValue(element, context).selected_options ?? []).map((option) => option.value));
  const { group, ticked } = tickGroup(element, context, "checkbox", (option) => chosen.has(option.value));
  group.addEventListener("change", () => context.tell({ selected_options: ticked() }));
  return readWith(group, () => ({ type: element.type, selected_options: ticked() }));
}

export function radioButtons(element, context) {
  const chosen = startingValue(element, context).selected_option?.value;
  const { group, ticked } = tickGroup(element, context, "radio", (option) => option.value === chosen);
  group.addEventListener("change", () => context.tell({ selected_option: ticked()[0] ?? null }));
  return readWith(group, () => ({ type: element.type, selected_option: ticked()[0] ?? null }));
}

function picker(element, context, { type, key, toField, fromField }) {
  const label = context.input
    ? null
    : flatText(element.placeholder?.text ?? { date: "Date", time: "Time" }[type] ?? "Date and time");
  const start = startingValue(element, context)[key];
  const field = el("input", {
    type,
    class: "field-input picker",
    "aria-label": label,
    value: start === null || start === undefined ? "" : toField(start),
  });
  const value = () => (field.value === "" ? null : fromField(field.value));
  field.addEventListener("change", () => context.tell({ [key]: value() }));
  return readWith(field, () => ({ type: element.type, [key]: value() }));
}

const same = (value) => value;

export const datePicker = (element, context) =>
  picker(element, context, { type: "date", key: "selected_date", toField: same, fromField: same });

export const timePicker = (element, context) =>
  picker(element, context, { type: "time", key: "selected_time", toField: same, fromField: same });

/** Unix seconds outside, the reader's own zone inside. */
export const dateTimePicker = (element, context) =>
  picker(element, context, {
    type: "datetime-local",
    key: "selected_date_time",
    toField: (unix) =>
      new Date(unix * 1000 - new Date(unix * 1000).getTimezoneOffset() * 60_000).toISOString().slice(0, 16),
    fromField: (local) => Math.floor(new Date(local).getTime() / 1000),
  });
