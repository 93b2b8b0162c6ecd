// Block Kit blocks to DOM nodes; the interactive elements inside them are elements.js's.
//
// A context says where the blocks stand: {where: "message" | "view", channel, dispatch(fields), carried, remembered}.

import { el } from "./dom.js";
import { imageElement, renderElement } from "./elements.js";
import { plainText, textObject } from "./mrkdwn.js";
import { richText } from "./richtext.js";

const BLOCKS = {
  section,
  header: (block) => el("h3", { class: "block-header" }, ...plainText(block.text.text)),
  context: contextBlock,
  divider: () => el("hr"),
  actions: (block, context) =>
    el(
      "div",
      { class: "block-actions" },
      block.elements.map((element) => renderElement(element, context)),
    ),
  image: imageBlock,
  rich_text: (block) => el("div", { class: "block-rich-text" }, ...richText(block)),
  input: inputBlock,
  markdown: (block) => el("div", null, ...textObject({ type: "mrkdwn", text: block.text })),
};

export function renderBlocks(blocks, context) {
  return el(
    "div",
    { class: "blocks" },
    blocks.map((block, index) => renderBlock(block, index, context)),
  );
}

function renderBlock(block, index, context) {
  const named = { ...block, block_id: block.block_id ?? `block-${index}` };
  const render = BLOCKS[block.type];
  const node = render
    ? render(named, { ...context, block: named })
    : el("p", { class: "unsupported" }, `This page cannot show a “${block.type}” block.`);
  node.dataset.blockId = named.block_id;
  return node;
}

function section(block, context) {
  return el(
    "div",
    { class: "block-section" },
    el(
      "div",
      { class: "block-section-text" },
      block.text && el("div", null, ...textObject(block.text)),
      block.fields &&
        el(
          "div",
          { class: "fields" },
          block.fields.map((field) => el("div", { class: "field" }, ...textObject(field))),
        ),
    ),
    block.accessory && el("div", { class: "accessory" }, renderElement(block.accessory, context)),
  );
}

function contextBlock(block) {
  const parts = block.elements.map((part) =>
    part.type === "image" ? imageElement(part) : el("div", null, ...textObject(part)),
  );
  return el("div", { class: "block-context" }, parts);
}

function imageBlock(block) {
  const caption = block.title && el("figcaption", null, ...textObject(block.title));
  return el("figure", { class: "block-image" }, caption, imageElement(block));
}

const GROUPED = new Set(["checkboxes", "radio_buttons"]);
let inputs = 0;

function inputBlock(block, context) {
  inputs += 1;
  const id = `input-${inputs}`;
  const grouped = GROUPED.has(block.element.type);
  const name = [...textObject(block.label), block.optional && el("span", { class: "optional" }, " (optional)")];
  const label = grouped
    ? el("span", { class: "input-label" }, name)
    : el("label", { class: "input-label", for: id }, name);
  const element = renderElement(block.element, { ...context, input: block, label: block.label.text });
  const described = [block.hint && `${id}-hint`, `${id}-error`].filter(Boolean).join(" ");
  const field = element.matches("input, select, textarea, button, fieldset")
    ? element
    : (element.querySelector("input, select, textarea, button") ?? element);
  if (!grouped) field.id = id;
  field.setAttribute("aria-describedby", described);
  return el(
    "div",
    { class: "block-input" },
    label,
    element,
    block.hint && el("p", { class: "hint", id: `${id}-hint` }, ...textObject(block.hint)),
    el("p", { class: "input-error", id: `${id}-error`, role: "alert", hidden: true }),
  );
}

/** Shows {block_id: sentence} below the inputs they belong to, takes away old ones, and goes to the first. */
export function showInputErrors(root, errors) {
  const blocks = [...root.querySelectorAll(".block-input")];
  blocks.forEach(clearInputError);
  const wrong = blocks.filter((block) => Object.hasOwn(errors, block.dataset.blockId));
  for (const block of wrong) {
    const line = block.querySelector(".input-error");
    line.textContent = errors[block.dataset.blockId];
    line.hidden = false;
    block.querySelector("[aria-describedby]")?.setAttribute("aria-invalid", "true");
  }
  wrong[0]?.scrollIntoView({ block: "nearest" });
  wrong[0]?.querySelector("input, select, textarea, button")?.focus();
}

export function clearInputError(block) {
  const line = block?.querySelector(".input-error");
  if (!line) return;
  line.hidden = true;
  line.textContent = "";
  block.querySelector("[aria-describedby]")?.removeAttribute("aria-invalid");
}
