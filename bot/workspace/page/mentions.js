// What stands between < and > in Slack's text: people, channels, groups, dates and links.

import { formatDate } from "./dates.js";
import { el } from "./dom.js";
import { channelName, membersOf, userName } from "./people.js";
import { addressInside, channelAddress } from "./route.js";
import { state } from "./state.js";

const SAFE_SCHEMES = new Set(["http:", "https:", "mailto:", "tel:", "slack:"]);
const ENTITIES = { amp: "&", lt: "<", gt: ">" };

/** &amp; &lt; &gt; back to their characters, exactly once: "&amp;lt;" stays readable as "&lt;". */
export function unescapeEntities(text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ENTITIES[name]);
}

/** The node for the inside of one <…>. */
export function referenceNode(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? null : unescapeEntities(inside.slice(bar + 1));
  if (target.startsWith("@")) return userNode(target.slice(1));
  if (target.startsWith("#")) return channelNode(target.slice(1), label);
  if (target.startsWith("!")) return specialNode(target.slice(1), label);
  return linkNode(unescapeEntities(target), label);
}

export function userNode(id) {
  const mine = id === state.me.id ? " me" : "";
  return el("span", { class: `mention${mine}`, data: { user: id } }, `@${userName(id)}`);
}

export function channelNode(id, label = null) {
  const channel = state.channels.get(id);
  const name = channel ? channelName(channel) : label || "private channel";
  if (!channel) return el("span", { class: "mention" }, `#${name}`);
  return el("a", { class: "mention", href: channelAddress(id), data: { channel: id } }, `#${name}`);
}

export function broadcastNode(range) {
  return el("span", { class: "mention me" }, `@${range}`);
}

export function groupNode(id, label = null) {
  const group = state.groups.get(id);
  const name = group?.handle ?? (label ?? id).replace(/^@/, "");
  const mine = group?.users.includes(state.me.id) ? " me" : "";
  return el("span", { class: `mention${mine}`, title: group && membersOf(group) }, `@${name}`);
}

export function dateNode(unix, format, fallback, link = null) {
  const text = formatDate(Number(unix), format);
  if (text === null) return document.createTextNode(fallback ?? "");
  const moment = new Date(Number(unix) * 1000);
  const time = el("time", { datetime: moment.toISOString(), title: moment.toString(), data: { unix, format } }, text);
  if (!link) return time;
  const anchor = linkNode(link, "");
  anchor.replaceChildren(time);
  return anchor;
}

/** A link, or plain text when its scheme could run something. Links to our own channels stay in the page. */
export function linkNode(address, label = null) {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url || !SAFE_SCHEMES.has(url.protocol)) return el("span", null, label ?? address);
  const inside = addressInside(url);
  if (inside) return el("a", { href: inside, title: address }, label ?? address);
  const text = label ?? address.replace(/^mailto:/, "");
  return el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", title: address }, text);
}

function specialNode(inside, label) {
  const [kind, ...rest] = inside.split("^");
  if (kind === "date") return dateNode(rest[0], rest[1] ?? "", label, rest[2] ? unescapeEntities(rest[2]) : null);
  if (kind === "subteam") return groupNode(rest[0], label);
  if (["here", "channel", "everyone"].includes(kind)) return broadcastNode(kind);
  return document.createTextNode(label ?? `<${kind}>`);
}
