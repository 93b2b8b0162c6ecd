// Interactive elements: buttons, menus, inputs. In a message or home they act at once; in a form they hold a value.

import { el, fill } from "./dom.js";
import { confirmDialog } from "./dialogs.js";
import { withEmoji } from "./mrkdwn.js";
import { openChannel, state } from "./state.js";

export function element(one, block, context) {
  const draw = DRAW[one.type];
  const node = draw ? draw(one, block, context) : el("span", { class: "unknown" }, `(${one.type})`);
  node.dataset.actionId = one.action_id || "";
  return node;
}

function act(one, block, context, chosen) {
  const go = () => context.act && context.act(one, block, chosen);
  if (one.confirm) confirmDialog(one.confirm, go);
  else go();
}

function common(context) {
  return { id: context.inputId, "aria-describedby": context.inputId && `${context.inputId}-error` };
}

// A link into this workspace goes there; any other opens beside it.
function follow(url) {
  const channel = (/[?&]channel=([A-Z0-9]+)/.exec(url) || [])[1];
  if (channel && state.channels[channel]) openChannel(channel);
  else window.open(url, "_blank", "noopener");
}

const DRAW = {
  button(one, block, context) {
    const press = async (event) => {
      if (one.url) follow(one.url);
      const node = event.currentTarget;
      act(one, block, context, {});
      node.classList.add("pressed");
      setTimeout(() => node.classList.remove("pressed"), 600);
    };
    return el("button", { type: "button", class: `button ${one.style || ""}`, onclick: press, "data-value": one.value }, ...withEmoji(one.text.text));
  },
  overflow: (one, block, context) => menu(one, block, context),
  static_select: (one, block, context) => select(one, block, context, options(one), one.initial_option && one.initial_option.value,
    (value) => ({ selected_option: flat(one).find((option) => option.value === value) || null })),
  users_select: (one, block, context) => select(one, block, context, people(), one.initial_user, (value) => ({ selected_user: value || null })),
  channels_select: (one, block, context) => select(one, block, context, channels(), one.initial_channel, (value) => ({ selected_channel: value || null })),
  conversations_select: (one, block, context) => select(one, block, context, channels(), one.initial_conversation, (value) => ({ selected_conversation: value || null })),
  multi_static_select: (one, block, context) => multi(one, block, context, flat(one).map((option) => [option.value, option.text.text]),
    (one.initial_options || []).map((option) => option.value),
    (values) => ({ selected_options: flat(one).filter((option) => values.includes(option.value)) })),
  multi_users_select: (one, block, context) => multi(one, block, context, people().map(([value, name]) => [value, name]), one.initial_users || [],
    (values) => ({ selected_users: values })),
  checkboxes: (one, block, context) => choices(one, block, context, "checkbox"),
  radio_buttons: (one, block, context) => choices(one, block, context, "radio"),
  datepicker: (one, block, context) => picker(one, block, context, "date", one.initial_date, "selected_date"),
  timepicker: (one, block, context) => picker(one, block, context, "time", one.initial_time, "selected_time"),
  datetimepicker: (one, block, context) => dateAndTime(one, block, context),
  plain_text_input: (one, block, context) => textInput(one, block, context, "text"),
  email_text_input: (one, block, context) => textInput(one, block, context, "email"),
  url_text_input: (one, block, context) => textInput(one, block, context, "url"),
  number_input: (one, block, context) => textInput(one, block, context, "number"),
  image: (one) => el("img", { src: one.image_url, alt: one.alt_text }),
};

function flat(one) {
  return [...(one.options || []), ...(one.option_groups || []).flatMap((group) => group.options)];
}

function options(one) {
  return flat(one).map((option) => [option.value, option.text.text]);
}

function people() {
  return Object.values(state.users).filter((user) => !user.is_bot && !user.deleted).map((user) => [user.id, user.real_name]);
}

function channels() {
  return Object.values(state.channels).filter((channel) => channel.kind !== "im").map((channel) => [channel.id, `#${channel.name}`]);
}

function keep(one, block, context, value) {
  if (context.values) context.values(block.block_id, one.action_id, { type: one.type, ...value });
}

function select(one, block, context, list, initial, chosen) {
  const change = (event) => {
    const value = chosen(event.target.value);
    if (context.isForm) keep(one, block, context, value);
    if (!context.isForm || block.dispatch_action) act(one, block, context, value);
  };
  const placeholder = one.placeholder ? one.placeholder.text : "Choose";
  const node = el("select", { ...common(context), onchange: change, "aria-label": context.label || placeholder },
    el("option", { value: "" }, placeholder), ...list.map(([value, name]) => el("option", { value }, name)));
  node.value = initial || "";
  if (context.isForm) keep(one, block, context, chosen(node.value));
  return node;
}

// Several of a list: what is chosen shows as chips, the rest is a menu.
function multi(one, block, context, list, initial, chosen) {
  const values = [...initial];
  const chips = el("div", { class: "chips" });
  const picker = el("select", { ...common(context), "aria-label": context.label || "Choose" });
  const show = () => {
    keep(one, block, context, chosen(values));
    fill(chips, ...values.map((value) => el("button", {
      type: "button", class: "chip", "aria-label": `Remove ${name(value)}`,
      onclick: () => { values.splice(values.indexOf(value), 1); show(); },
    }, name(value), " ×")));
    fill(picker, el("option", { value: "" }, one.placeholder ? one.placeholder.text : "Choose"),
      ...list.filter(([value]) => !values.includes(value)).map(([value, label]) => el("option", { value }, label)));
  };
  const name = (value) => (list.find(([known]) => known === value) || [value, value])[1];
  picker.addEventListener("change", () => { if (picker.value) { values.push(picker.value); show(); } });
  show();
  return el("div", { class: "multi" }, chips, picker);
}

function choices(one, block, context, type) {
  const initial = type === "radio" ? [one.initial_option].filter(Boolean) : one.initial_options || [];
  const name = `${context.inputId || block.block_id}-${one.action_id}`;
  const chosen = () => {
    const values = [...group.querySelectorAll("input:checked")].map((input) => input.value);
    const found = flat(one).filter((option) => values.includes(option.value));
    return type === "radio" ? { selected_option: found[0] || null } : { selected_options: found };
  };
  const change = () => (context.isForm ? keep(one, block, context, chosen()) : act(one, block, context, chosen()));
  const group = el("div", { class: "choices", role: type === "radio" ? "radiogroup" : "group" }, ...flat(one).map((option) =>
    el("label", {}, el("input", { type, name, value: option.value, checked: initial.some((one) => one.value === option.value), onchange: change }), " ", option.text.text)));
  if (context.isForm) keep(one, block, context, chosen());
  return group;
}

function picker(one, block, context, type, initial, key) {
  const change = (event) => {
    const value = { [key]: event.target.value || null };
    if (context.isForm) keep(one, block, context, value);
    else act(one, block, context, value);
  };
  if (context.isForm) keep(one, block, context, { [key]: initial || null });
  return el("input", { ...common(context), type, value: initial || "", onchange: change });
}

function dateAndTime(one, block, context) {
  const read = (node) => ({ selected_date_time: node.value ? Math.round(new Date(node.value).getTime() / 1000) : null });
  const node = el("input", { ...common(context), type: "datetime-local", onchange: () => keep(one, block, context, read(node)) });
  keep(one, block, context, { selected_date_time: one.initial_date_time || null });
  return node;
}

function textInput(one, block, context, type) {
  const change = (event) => keep(one, block, context, { value: event.target.value || null });
  const attributes = { ...common(context), oninput: change, placeholder: one.placeholder ? one.placeholder.text : "", value: one.initial_value || "" };
  if (one.max_length && type === "text") attributes.maxLength = one.max_length;
  keep(one, block, context, { value: one.initial_value || null });
  return one.multiline ? el("textarea", { ...attributes, rows: 4 }) : el("input", { ...attributes, type });
}

function menu(one, block, context) {
  const list = el("div", { class: "menu", role: "menu", hidden: true }, ...one.options.map((option) =>
    el("button", { type: "button", role: "menuitem", onclick: () => { close(); act(one, block, context, { selected_option: option }); } }, ...withEmoji(option.text.text))));
  const toggle = el("button", { type: "button", class: "button more", "aria-haspopup": "menu", "aria-label": "More actions", onclick: () => (list.hidden ? open() : close()) }, "⋯");
  const outside = (event) => { if (!node.contains(event.target)) close(); };
  const open = () => { list.hidden = false; document.addEventListener("click", outside, true); list.firstChild.focus(); };
  const close = () => { list.hidden = true; document.removeEventListener("click", outside, true); };
  const node = el("div", { class: "overflow", onkeydown: (event) => { if (event.key === "Escape") { close(); toggle.focus(); } } }, toggle, list);
  return node;
}
