// Slack's mrkdwn → DOM nodes.

import { el } from "./dom.js";
import { emoji } from "./emoji.js";
import { openChannel, state } from "./state.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const INLINE = /(```[\s\S]+?```)|(`[^`\n]+`)|(<[^<>\n]+>)|(:[a-z0-9_+-]+:)|((?<![\w*])\*(?=\S)[^*\n]+?(?<=\S)\*(?![\w*]))|((?<![\w_])_(?=\S)[^_\n]+?(?<=\S)_(?![\w_]))|((?<![\w~])~(?=\S)[^~\n]+?(?<=\S)~(?![\w~]))/;

export function unescape(text) {
  return text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);
}

export function mrkdwn(text) {
  const nodes = [];
  let quote = null;
  for (const [at, line] of splitLines(text).entries()) {
    const isQuote = /^(&gt;|>)/.test(line);
    if (isQuote) {
      if (!quote) nodes.push((quote = el("blockquote")));
      else quote.append(el("br"));
      quote.append(...inline(line.replace(/^(&gt;|>) ?/, "")));
    } else {
      if (at > 0 && !quote) nodes.push(el("br"));
      quote = null;
      nodes.push(...inline(line));
    }
  }
  return nodes;
}

// Lines, with code blocks kept whole.
function splitLines(text) {
  const lines = [];
  for (const part of text.split(/(```[\s\S]+?```)/)) {
    if (part.startsWith("```")) lines.push((lines.pop() || "") + part);
    else {
      const [first, ...rest] = part.split("\n");
      lines.push((lines.pop() || "") + first, ...rest);
    }
  }
  return lines;
}

function inline(text) {
  const found = INLINE.exec(text);
  if (!found) return text ? [unescape(text)] : [];
  const before = text.slice(0, found.index);
  const after = text.slice(found.index + found[0].length);
  return [...(before ? [unescape(before)] : []), ...piece(found), ...inline(after)];
}

function piece(found) {
  const [whole, block, code, angle, colon, bold, italic, strike] = found;
  if (block) return [el("pre", {}, unescape(whole.slice(3, -3).replace(/^\n/, "")))];
  if (code) return [el("code", {}, unescape(whole.slice(1, -1)))];
  if (angle) return [angled(whole.slice(1, -1))];
  if (colon) return [symbol(whole)];
  const tag = bold ? "strong" : italic ? "em" : strike ? "s" : "span";
  return [el(tag, {}, ...inline(whole.slice(1, -1)))];
}

function symbol(name) {
  const found = emoji(name.slice(1, -1));
  return found ? el("span", { class: "emoji", role: "img", "aria-label": name.slice(1, -1).replaceAll("_", " ") }, found) : name;
}

export function withEmoji(text) {
  return text.split(/(:[a-z0-9_+-]+:)/).map((part) => (/^:[a-z0-9_+-]+:$/.test(part) ? symbol(part) : part));
}

function angled(content) {
  const [target, label] = split(content, "|");
  if (target.startsWith("@")) return mention(target.slice(1));
  if (target.startsWith("#")) return channelLink(target.slice(1), label);
  if (target.startsWith("!date^")) return dateNode(target, label);
  if (target.startsWith("!")) return el("span", { class: "mention" }, `@${target.slice(1).split("^")[0]}`);
  if (/^(https?|mailto|slack):/.test(target)) {
    return el("a", { href: unescape(target), target: "_blank", rel: "noopener noreferrer" }, unescape(label || target));
  }
  return unescape(`<${content}>`);
}

function mention(id) {
  const user = state.users[id];
  return el("span", { class: id === state.user ? "mention me" : "mention" }, `@${user ? user.name : id}`);
}

function channelLink(id, label) {
  const channel = state.channels[id];
  const name = channel ? channel.name : label || id;
  return el("button", { class: "channel-link", type: "button", onclick: () => openChannel(id) }, `#${name}`);
}

function split(text, by) {
  const at = text.indexOf(by);
  return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}

function dateNode(target, fallback) {
  const [, seconds, form = ""] = target.split("^");
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.getTime())) return unescape(fallback);
  return el("time", { dateTime: at.toISOString(), title: at.toLocaleString() }, form.replace(/\{(\w+)\}/g, (all, name) => token(name, at)));
}

function token(name, at) {
  const show = (options) => at.toLocaleDateString("en-GB", options);
  const days = Math.round((startOfDay(at) - startOfDay(new Date())) / 86400000);
  const pretty = { "-1": "yesterday", 0: "today", 1: "tomorrow" }[days];
  const long = { weekday: "long", year: "numeric", month: "long", day: "numeric" };
  const short = { year: "numeric", month: "short", day: "numeric" };
  switch (name) {
    case "time": return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    case "time_secs": return at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    case "date_num": return at.toISOString().slice(0, 10);
    case "date_short": return show(short);
    case "date": return show({ ...short, month: "long" });
    case "date_long": return show(long);
    case "date_pretty": return pretty || show({ ...short, month: "long" });
    case "date_short_pretty": return pretty || show(short);
    case "date_long_pretty": return pretty || show(long);
    case "ago": return ago(at);
    default: return `{${name}}`;
  }
}

function startOfDay(at) {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

function ago(at) {
  const minutes = Math.round((Date.now() - at.getTime()) / 60000);
  if (Math.abs(minutes) < 1) return "just now";
  const [count, unit] = Math.abs(minutes) < 60 ? [minutes, "minute"] : Math.abs(minutes) < 1440 ? [Math.round(minutes / 60), "hour"] : [Math.round(minutes / 1440), "day"];
  return new Intl.RelativeTimeFormat("en").format(-count, unit);
}
