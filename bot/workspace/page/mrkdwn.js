// Slack's mrkdwn to DOM nodes: blocks of lines first, then what stands inside a line.
//
// Inside a line, everything that must not be read as formatting (code, <…>, emoji, bare links) is taken out
// first and replaced by one private-use character each, so that *bold* can close over it and never cut it.

import { el } from "./dom.js";
import { emojiCharacter, emojiNode } from "./emoji.js";
import { linkNode, referenceNode, unescapeEntities } from "./mentions.js";

const FENCE = /```\n?([\s\S]+?)\n?```/g;
const QUOTE = /^(?:&gt;|>)(?!&gt;&gt;|>>) ?/;
const QUOTE_REST = /(^|\n)(?:&gt;&gt;&gt;|>>>) ?([\s\S]*)$/;
const LIST = /^(\s*)([•◦▪‣*-]|\d{1,3}[.)])\s+(?=\S)/;
const ATOM =
  /`([^`\n]+)`|<([^<>\n]+)>|:([a-z0-9_+'-]+):(?::skin-tone-[2-6]:)?|(https?:\/\/[^\s<>|`]*[^\s<>|`.,;:!?)'"\]*_~])|[\uE000-\uF8FF]/giu;
const FIRST_STAND_IN = 0xe000;
const STAND_INS = 0x18ff;
const MARKS = { "*": "strong", _: "em", "~": "s" };

/** The whole of a mrkdwn text. */
export function mrkdwn(text) {
  const nodes = [];
  let from = 0;
  for (const fence of text.matchAll(FENCE)) {
    nodes.push(...paragraphs(text.slice(from, fence.index).replace(/\n$/, "")));
    nodes.push(el("pre", null, el("code", null, ...codeNodes(fence[1]))));
    from = fence.index + fence[0].length;
  }
  const rest = from === 0 ? text : text.slice(from).replace(/^\n/, "");
  return [...nodes, ...paragraphs(rest)];
}

/** A plain_text object's text: entities and emoji, nothing else. */
export function plainText(text, withEmoji = true) {
  if (!withEmoji) return [unescapeEntities(text)];
  return text.split(/(:[a-z0-9_+'-]+:)/g).map((piece) => {
    const name = piece.length > 2 && piece.startsWith(":") && piece.endsWith(":") ? piece.slice(1, -1) : null;
    return name && emojiCharacter(name) ? emojiNode(name) : unescapeEntities(piece);
  });
}

/** A Block Kit text object of either type. */
export function textObject(object) {
  if (!object) return [];
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plainText(object.text, object.emoji !== false);
}

/** As one line of plain characters, for titles, toasts and native options. */
export function flatText(text) {
  const holder = el("span", null, ...mrkdwn(text));
  return holder.textContent.replace(/\s+/g, " ").trim();
}

function paragraphs(text) {
  const rest = text.match(QUOTE_REST);
  if (rest) return [...paragraphs(text.slice(0, rest.index)), el("blockquote", null, ...paragraphs(rest[2]))];
  if (text === "") return [];
  const groups = [];
  for (const line of text.split("\n")) {
    const kind = QUOTE.test(line) ? "quote" : LIST.test(line) ? "list" : "plain";
    if (groups.at(-1)?.kind !== kind) groups.push({ kind, lines: [] });
    groups.at(-1).lines.push(line);
  }
  return groups.map(({ kind, lines }) => GROUPS[kind](lines));
}

const GROUPS = {
  plain: (lines) => el("div", { class: "lines" }, ...inline(lines.join("\n"))),
  quote: (lines) => el("blockquote", null, ...paragraphs(lines.map((line) => line.replace(QUOTE, "")).join("\n"))),
  list: (lines) => el("div", { class: "list", role: "list" }, ...lines.map(listLine)),
};

function listLine(line) {
  const [head, indent, marker] = line.match(LIST);
  const item = el("div", { class: "list-line", role: "listitem" }, el("span", { class: "marker" }, marker, " "));
  item.append(el("span", null, ...inline(line.slice(head.length))));
  item.style.setProperty("--indent", Math.min(Math.floor(indent.length / 2), 8));
  return item;
}

/** Formatting within running text; line breaks are kept as characters. */
export function inline(text) {
  const atoms = [];
  const flat = text.replace(ATOM, (whole, code, reference, emoji, link) => {
    const node = atoms.length < STAND_INS ? atomNode(whole, { code, reference, emoji, link }) : null;
    if (node === null) return whole.replace(/[\uE000-\uF8FF]/gu, "\uFFFD");
    atoms.push(node);
    return String.fromCharCode(FIRST_STAND_IN + atoms.length - 1);
  });
  return formatted(flat, atoms);
}

function atomNode(whole, { code, reference, emoji, link }) {
  if (code) return el("code", null, ...codeNodes(code));
  if (reference) return referenceNode(reference);
  if (emoji) return emojiCharacter(emoji) ? emojiNode(emoji) : null;
  if (link) return linkNode(unescapeEntities(link));
  return document.createTextNode(whole);
}

function codeNodes(code) {
  return code
    .split(/(<[^<>\n]+>)/g)
    .map((piece) => (/^<.+>$/.test(piece) ? referenceNode(piece.slice(1, -1)) : unescapeEntities(piece)));
}

function formatted(flat, atoms) {
  const nodes = [];
  const hopeless = new Set();
  let plainFrom = 0;
  for (let at = 0; at < flat.length; at += 1) {
    const mark = flat[at];
    if (mark === "\n") hopeless.clear();
    if (!(mark in MARKS) || hopeless.has(mark) || !opensAt(flat, at)) continue;
    const end = closingOf(flat, at);
    if (end < 0) {
      hopeless.add(mark);
      continue;
    }
    nodes.push(
      ...standIns(flat.slice(plainFrom, at), atoms),
      el(MARKS[mark], null, ...formatted(flat.slice(at + 1, end), atoms)),
    );
    at = end;
    plainFrom = end + 1;
  }
  return [...nodes, ...standIns(flat.slice(plainFrom), atoms)];
}

const isWord = (character) => character !== undefined && /[\p{L}\p{N}]/u.test(character);
const isSpace = (character) => character === undefined || /\s/.test(character);

function opensAt(flat, at) {
  return !isWord(flat[at - 1]) && !isSpace(flat[at + 1]) && flat[at + 1] !== flat[at];
}

function closingOf(flat, at) {
  for (let end = at + 2; end < flat.length && flat[end] !== "\n"; end += 1) {
    if (flat[end] === flat[at] && !isSpace(flat[end - 1]) && !isWord(flat[end + 1])) return end;
  }
  return -1;
}

function standIns(flat, atoms) {
  return flat
    .split(/([\uE000-\uF8FF])/u)
    .filter((piece) => piece !== "")
    .map((piece) => atoms[piece.charCodeAt(0) - FIRST_STAND_IN] ?? unescapeEntities(piece));
}
