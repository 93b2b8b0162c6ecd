// Block Kit → DOM nodes. `context` says where the blocks stand and what pressing does.

import { el } from "./dom.js";
import { element } from "./elements.js";
import { mrkdwn, withEmoji } from "./mrkdwn.js";

export function blocks(list, context) {
  return (list || []).map((block) => {
    const draw = DRAW[block.type];
    const node = draw ? draw(block, context) : el("p", { class: "unknown" }, `(${block.type})`);
    node.dataset.blockId = block.block_id || "";
    node.classList.add("block");
    return node;
  });
}

export function text(object) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text) : withEmoji(object.text);
}

const DRAW = {
  section(block, context) {
    const body = el("div", { class: "section-text" }, ...text(block.text));
    const fields = (block.fields || []).map((field) => el("div", { class: "field" }, ...text(field)));
    return el("div", { class: "section" },
      el("div", { class: "section-body" }, block.text && body, fields.length > 0 && el("div", { class: "fields" }, ...fields)),
      block.accessory && el("div", { class: "accessory" }, element(block.accessory, block, context)));
  },
  header: (block) => el("h3", { class: "header" }, ...text(block.text)),
  context: (block) => el("div", { class: "context" },
    ...block.elements.map((one) => (one.type === "image" ? image(one) : el("span", {}, ...text(one))))),
  divider: () => el("hr"),
  image: (block) => el("figure", {}, image(block), block.title && el("figcaption", {}, ...text(block.title))),
  actions: (block, context) => el("div", { class: "actions" }, ...block.elements.map((one) => element(one, block, context))),
  input: (block, context) => input(block, context),
  rich_text: (block) => el("div", { class: "rich" }, ...block.elements.flatMap(rich)),
};

function image(one) {
  return el("img", { src: one.image_url, alt: one.alt_text, loading: "lazy" });
}

function input(block, context) {
  const id = `input-${block.block_id}`;
  const control = element(block.element, block, { ...context, inputId: id, label: block.label.text });
  return el("div", { class: "input" },
    el("label", { htmlFor: id }, block.label.text, block.optional && el("span", { class: "optional" }, " (optional)")),
    control,
    block.hint && el("p", { class: "hint" }, ...text(block.hint)),
    el("p", { class: "error", role: "alert", id: `${id}-error`, hidden: true }));
}

function rich(part) {
  const inner = (part.elements || []).flatMap(rich);
  const bold = part.style && part.style.bold;
  switch (part.type) {
    case "text": return [bold ? el("strong", {}, part.text) : part.text];
    case "link": return mrkdwn(`<${part.url}|${part.text || part.url}>`);
    case "emoji": return withEmoji(`:${part.name}:`);
    case "user": return mrkdwn(`<@${part.user_id}>`);
    case "rich_text_list": return [el("ul", {}, ...part.elements.map((item) => el("li", {}, ...item.elements.flatMap(rich))))];
    case "rich_text_quote": return [el("blockquote", {}, ...inner)];
    case "rich_text_preformatted": return [el("pre", {}, ...inner)];
    default: return [el("p", {}, ...inner)];
  }
}
