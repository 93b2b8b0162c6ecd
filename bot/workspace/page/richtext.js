// rich_text blocks to DOM nodes.

import { el } from "./dom.js";
import { emojiNode } from "./emoji.js";
import { broadcastNode, channelNode, dateNode, groupNode, linkNode, unescapeEntities, userNode } from "./mentions.js";

const CONTAINERS = {
  rich_text_section: (part) => el("div", { class: "lines" }, ...inside(part)),
  rich_text_quote: (part) => el("blockquote", null, el("div", { class: "lines" }, ...inside(part))),
  rich_text_preformatted: (part) => el("pre", null, el("code", null, ...inside(part))),
  rich_text_list: list,
};

const LEAVES = {
  text: (leaf) => document.createTextNode(unescapeEntities(leaf.text)),
  link: (leaf) => linkNode(leaf.url, leaf.text ?? null),
  emoji: (leaf) => emojiNode(leaf.name),
  user: (leaf) => userNode(leaf.user_id),
  channel: (leaf) => channelNode(leaf.channel_id),
  usergroup: (leaf) => groupNode(leaf.usergroup_id),
  broadcast: (leaf) => broadcastNode(leaf.range),
  date: (leaf) => dateNode(leaf.timestamp, leaf.format, leaf.fallback, leaf.url),
  color: (leaf) => document.createTextNode(leaf.value),
};

const STYLES = { code: "code", strike: "s", italic: "em", bold: "strong" };

export function richText(block) {
  return block.elements.map((part) => CONTAINERS[part.type]?.(part) ?? el("div", null, `[${part.type}]`));
}

function inside(part) {
  return part.elements.map((leaf) => {
    const node = LEAVES[leaf.type]?.(leaf) ?? document.createTextNode(`[${leaf.type}]`);
    return Object.entries(STYLES)
      .filter(([style]) => leaf.style?.[style])
      .reduce((inner, [, tag]) => el(tag, null, inner), node);
  });
}

function list(part) {
  const tag = part.style === "ordered" ? "ol" : "ul";
  const node = el(
    tag,
    { start: part.offset ? part.offset + 1 : null },
    ...part.elements.map((item) => el("li", null, ...inside(item))),
  );
  node.style.setProperty("--indent", part.indent ?? 0);
  return node;
}
