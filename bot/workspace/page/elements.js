// Interactive Block Kit elements: which renderer draws which type, buttons, overflow menus and images.

import { confirmed } from "./confirm.js";
import { el, icon } from "./dom.js";
import { checkboxes, dateTimePicker, datePicker, radioButtons, textInput, timePicker } from "./inputs.js";
import { plainText, flatText } from "./mrkdwn.js";
import { openMenu } from "./popover.js";
import { addressInside } from "./route.js";
import { multiSelect, singleSelect } from "./selects.js";

const ELEMENTS = {
  button,
  overflow,
  image: imageElement,
  checkboxes,
  radio_buttons: radioButtons,
  datepicker: datePicker,
  timepicker: timePicker,
  datetimepicker: dateTimePicker,
  plain_text_input: textInput,
  email_text_input: textInput,
  url_text_input: textInput,
  number_input: textInput,
  static_select: singleSelect,
  external_select: singleSelect,
  users_select: singleSelect,
  conversations_select: singleSelect,
  channels_select: singleSelect,
  multi_static_select: multiSelect,
  multi_external_select: multiSelect,
  multi_users_select: multiSelect,
  multi_conversations_select: multiSelect,
  multi_channels_select: multiSelect,
  workflow_button: button,
};

/** The node of one element, with the attributes tests and re-renders find it by. */
export function renderElement(element, context) {
  const render = ELEMENTS[element.type];
  if (!render) return el("span", { class: "unsupported" }, `This page cannot show a “${element.type}”.`);
  const node = render(element, { ...context, tell: (fields) => tell(element, context, fields, node) });
  if (element.action_id) Object.assign(node.dataset, { actionId: element.action_id, blockId: context.block.block_id });
  return node;
}

/** Tells the app what was done, after the person confirmed it if the element asks. False when they did not. */
async function tell(element, context, fields, node) {
  if (context.input && !context.input.dispatch_action) return true;
  if (node.getAttribute("aria-busy") === "true") return false;
  if (element.confirm && !(await confirmed(element.confirm))) return false;
  node.setAttribute("aria-busy", "true");
  await context.dispatch({ block_id: context.block.block_id, action_id: element.action_id, ...fields });
  node.removeAttribute("aria-busy");
  return true;
}

function button(element, context) {
  const click = async () => {
    if (element.url) openAddress(element.url);
    await context.tell({ value: element.value });
  };
  return el(
    "button",
    {
      type: "button",
      class: `button ${element.style ?? ""}`,
      "aria-label": element.accessibility_label,
      on: { click },
    },
    el("span", null, ...plainText(element.text.text, element.text.emoji !== false)),
    element.url && icon("out"),
  );
}

function openAddress(address) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !["http:", "https:", "mailto:", "slack:"].includes(url.protocol)) return;
  const inside = addressInside(url);
  if (inside) location.hash = inside;
  else window.open(url.href, "_blank", "noopener");
}

function overflow(element, context) {
  const items = element.options.map((option) => ({
    label: flatText(option.text.text),
    description: option.description && flatText(option.description.text),
    data: { value: option.value },
    choose: () => {
      if (option.url) openAddress(option.url);
      context.tell({ selected_option: option });
    },
  }));
  const open = () => openMenu(node, items, { label: "More actions" });
  const node = el(
    "button",
    {
      type: "button",
      class: "button overflow",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      on: { click: open },
    },
    icon("more"),
  );
  return node;
}

export function imageElement(element) {
  const image = el("img", {
    src: element.image_url ?? element.slack_file?.url,
    alt: element.alt_text ?? "",
    loading: "lazy",
    referrerpolicy: "no-referrer",
  });
  image.addEventListener("error", () =>
    image.replaceWith(
      el("span", { class: "lost-image", role: "img", "aria-label": element.alt_text }, element.alt_text),
    ),
  );
  return image;
}
