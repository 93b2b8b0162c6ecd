// Select menus: one choice is the browser's own <select>, several are chips with a searchable list.

import { askedChoices, choicesOf, chosenId, chosenLabel } from "./choices.js";
import { el, icon, reconcile } from "./dom.js";
import { flatText } from "./mrkdwn.js";
import { moveFocus, openPopover } from "./popover.js";
import { readWith, startingValue } from "./values.js";

const isExternal = (element) => element.type.endsWith("external_select");
const placeholderOf = (element, otherwise) => flatText(element.placeholder?.text ?? otherwise);

export function singleSelect(element, context) {
  const { key, groups } = choicesOf(element);
  const start = startingValue(element, context)[key] ?? null;
  const select = el("select", {
    class: "select",
    "aria-label": context.input ? null : placeholderOf(element, "Choose an option"),
  });
  let known = new Map();
  const offer = (offered) => {
    known = fillSelect(select, element, context, start === null ? offered : withStart(offered, start));
    select.value = start === null ? "" : chosenId(start);
  };
  offer(groups);
  if (isExternal(element)) askedChoices(element, context, "").then(offer);
  let before = select.value;
  const chosen = () => (select.value === "" ? null : (known.get(select.value)?.chosen ?? null));
  select.addEventListener("change", async () => {
    const after = select.value;
    if (await context.tell({ [key]: chosen() })) before = after;
    else select.value = before;
  });
  return readWith(select, () => ({ type: element.type, [key]: chosen() }));
}

/** The starting choice may be one the list no longer holds (a person who left): it is still shown. */
function withStart(groups, start) {
  const id = chosenId(start);
  if (groups.some(({ choices }) => choices.some((choice) => choice.id === id))) return groups;
  return [{ choices: [{ id, label: chosenLabel(start), chosen: start }] }, ...groups];
}

function fillSelect(select, element, context, groups) {
  const known = new Map();
  const mayClear = context.input?.optional;
  const blank = el(
    "option",
    { value: "", disabled: !mayClear, hidden: !mayClear },
    placeholderOf(element, "Choose an option"),
  );
  const nodes = groups.map(({ label, choices }) => {
    const options = choices.map((choice) => {
      known.set(choice.id, choice);
      return el("option", { value: choice.id }, choice.label);
    });
    return label ? el("optgroup", { label }, options) : options;
  });
  select.replaceChildren(blank, ...nodes.flat());
  return known;
}

export function multiSelect(element, context) {
  const { key: single, groups } = choicesOf(element);
  const key = `${single}s`;
  const chosen = new Map((startingValue(element, context)[key] ?? []).map((each) => [chosenId(each), each]));
  const label = context.label ? flatText(context.label) : placeholderOf(element, "Choose options");
  const chips = el("span", { class: "chips" });
  const props = { type: "button", role: "combobox", class: "select multi", "aria-label": label };
  const trigger = el(
    "button",
    { ...props, "aria-haspopup": "listbox", "aria-expanded": "false" },
    chips,
    icon("chevron"),
  );
  const show = () => chips.replaceChildren(...chipNodes(chosen, placeholderOf(element, "Choose options")));
  show();
  trigger.addEventListener("click", () => {
    const before = new Map(chosen);
    const onClose = async () => {
      if ([...chosen.keys()].join() === [...before.keys()].join()) return;
      if (await context.tell({ [key]: [...chosen.values()] })) return;
      chosen.clear();
      for (const [id, each] of before) chosen.set(id, each);
      show();
    };
    openChoices(trigger, { element, context, groups, chosen, label, show, onClose });
  });
  return readWith(trigger, () => ({ type: element.type, [key]: [...chosen.values()] }));
}

function chipNodes(chosen, placeholder) {
  if (chosen.size === 0) return [el("span", { class: "placeholder" }, placeholder)];
  return [...chosen.values()].map((each) => el("span", { class: "chip" }, chosenLabel(each)));
}

function openChoices(trigger, { element, context, groups, chosen, label, show, onClose }) {
  const list = el("div", { role: "listbox", "aria-multiselectable": "true", "aria-label": label, class: "choices" });
  const search = el("input", { type: "search", class: "field-input", placeholder: "Filter", "aria-label": "Filter" });
  let offered = groups;
  const toggle = (choice) => {
    if (chosen.has(choice.id)) chosen.delete(choice.id);
    else if (chosen.size < (element.max_selected_items ?? Infinity)) chosen.set(choice.id, choice.chosen);
    show();
    draw();
  };
  const nodes = new Map();
  const draw = () => reconcile(list, choiceNodes(offered, search.value, chosen, toggle, nodes));
  search.addEventListener("input", async () => {
    if (isExternal(element)) offered = await askedChoices(element, context, search.value);
    draw();
  });
  const panel = el("div", { class: "choice-panel" }, search, list);
  panel.addEventListener("keydown", (event) => {
    moveFocus(event, panel, "input, [role=option]");
    if (event.key === "Enter" && event.target === search) list.querySelector("[role=option]")?.click();
    if (event.key === "Enter" && event.target === search) event.preventDefault();
  });
  draw();
  if (isExternal(element)) search.dispatchEvent(new Event("input"));
  openPopover(trigger, panel, { onClose });
  search.focus();
}

function choiceNodes(groups, filter, chosen, toggle, nodes) {
  const wanted = filter.trim().toLowerCase();
  return groups.flatMap(({ label, choices }) => {
    const matching = choices.filter((choice) => choice.label.toLowerCase().includes(wanted));
    const heading =
      label && matching.length
        ? [cached(nodes, `group ${label}`, () => el("div", { class: "choice-group" }, label))]
        : [];
    return [...heading, ...matching.map((choice) => choiceNode(choice, chosen, toggle, nodes))];
  });
}

function choiceNode(choice, chosen, toggle, nodes) {
  const node = cached(nodes, choice.id, () =>
    el(
      "button",
      {
        type: "button",
        role: "option",
        class: "choice",
        data: { value: choice.id },
        on: { click: () => toggle(choice) },
      },
      choice.label,
      choice.description && el("small", null, choice.description),
    ),
  );
  node.setAttribute("aria-selected", String(chosen.has(choice.id)));
  return node;
}

function cached(nodes, key, make) {
  if (!nodes.has(key)) nodes.set(key, make());
  return nodes.get(key);
}
