// Who one is, the channels, the direct messages, the apps; and the header above the messages.

import { el, fill } from "./dom.js";
import { withEmoji } from "./mrkdwn.js";
import { changeUser, on, openChannel, openHome, post, state } from "./state.js";

const sidebar = document.getElementById("sidebar");
const header = document.getElementById("header");
const title = document.title;

on("all", draw);
on("channels", draw);
on("channel", draw);
on("connection", draw);

function draw() {
  drawSidebar();
  drawHeader();
  document.getElementById("offline").hidden = state.connected;
  const unread = Object.values(state.channels).reduce((sum, channel) => sum + (channel.is_member ? channel.unread : 0), 0);
  document.title = `${unread ? `(${unread}) ` : ""}${state.team ? state.team.name : title}`;
}

function drawSidebar() {
  if (!state.me) return;
  const all = Object.values(state.channels);
  const joined = all.filter((channel) => channel.kind !== "im" && channel.is_member && !channel.is_archived).sort(byName);
  const others = all.filter((channel) => channel.kind === "channel" && !channel.is_member && !channel.is_archived).sort(byName);
  const direct = all.filter((channel) => channel.kind === "im" && channel.last_ts);
  fill(sidebar,
    el("div", { class: "team" }, state.team.name),
    el("label", { class: "act-as" }, "You are", userSwitch()),
    group("Channels", joined.map(entry)),
    others.length > 0 && group("More channels", others.map(entry)),
    group("Direct messages", direct.map(entry)),
    group("Apps", state.apps.map(appEntry)));
}

function byName(a, b) {
  return a.name.localeCompare(b.name, "en", { numeric: true });
}

function userSwitch() {
  const people = Object.values(state.users).filter((user) => !user.is_bot && !user.deleted);
  const node = el("select", { "aria-label": "Act as", onchange: (event) => changeUser(event.target.value) },
    ...people.map((user) => el("option", { value: user.id }, user.real_name)));
  node.value = state.user;
  return node;
}

function group(name, entries) {
  return el("section", {}, el("h2", {}, name), el("ul", {}, ...entries.map((one) => el("li", {}, one))));
}

function entry(channel) {
  const isOpen = channel.id === state.channel;
  const name = channel.kind === "im" ? state.users[channel.user]?.real_name || "?" : channel.name;
  const mark = channel.kind === "im" ? "●" : channel.kind === "private" ? "🔒" : "#";
  const unread = isOpen ? 0 : channel.unread;
  return el("button", { type: "button", class: `entry ${isOpen ? "open" : ""} ${unread ? "unread" : ""} ${channel.is_member ? "" : "faint"}`, "aria-current": isOpen ? "page" : null, "data-channel": channel.id, onclick: () => go(channel) },
    el("span", { class: "mark", "aria-hidden": "true" }, mark), el("span", { class: "name" }, name),
    unread > 0 && el("span", { class: "count", "aria-label": `${unread} unread` }, String(unread)));
}

function go(channel) {
  document.body.classList.remove("sidebar-open");
  openChannel(channel.id);
}

function appEntry(app) {
  return el("button", { type: "button", class: `entry ${state.showsHome === app.id ? "open" : ""}`, onclick: () => { document.body.classList.remove("sidebar-open"); openHome(app.id); } },
    el("span", { class: "mark", "aria-hidden": "true" }, "⌂"), el("span", { class: "name" }, `${app.name} home`));
}

function drawHeader() {
  const toggle = el("button", { type: "button", class: "hamburger", "aria-label": "Show channels", onclick: () => document.body.classList.toggle("sidebar-open") }, "☰");
  const channel = state.channels[state.channel];
  if (!channel) {
    fill(header, toggle, el("h1", {}, state.showsHome ? "Home" : ""));
    return;
  }
  const name = channel.kind === "im" ? state.users[channel.user]?.real_name || "?" : `# ${channel.name}`;
  const people = channel.kind !== "im" && el("span", { class: "members", title: channel.members.map((id) => state.users[id]?.real_name).join(", ") }, `${channel.members.length} members`);
  const join = channel.kind === "channel" && !channel.is_member && el("button", { type: "button", class: "button", onclick: () => post("join", { channel: channel.id }) }, "Join");
  fill(header, toggle, el("h1", {}, name), channel.topic && el("p", { class: "topic", title: channel.topic }, ...withEmoji(unescaped(channel.topic))), people, join, bookmarks(channel));
}

function unescaped(topic) {
  return topic.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
}

function bookmarks(channel) {
  if (!channel.bookmarks.length && !channel.pins.length) return null;
  const jump = (ts) => document.querySelector(`[data-ts="${ts}"]`)?.scrollIntoView({ behavior: "smooth", block: "center" });
  return el("div", { class: "bookmarks" },
    ...channel.pins.map((ts) => el("button", { type: "button", onclick: () => jump(ts) }, "📌 Pinned")),
    ...channel.bookmarks.map((one) => el("button", { type: "button", onclick: () => jump(tsOf(one.link)) }, ...withEmoji(one.emoji || ""), " ", one.title)));
}

function tsOf(link) {
  const digits = (/\/p(\d+)/.exec(link) || ["", ""])[1];
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}
