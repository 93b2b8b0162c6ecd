// The list of messages, the thread beside it, and the home tab.

import { blocks } from "./blocks.js";
import { colour, el, fill, initials } from "./dom.js";
import { emoji } from "./emoji.js";
import { mrkdwn } from "./mrkdwn.js";
import { closeThread, on, openThread, post, state } from "./state.js";

const log = document.getElementById("log");
const thread = document.getElementById("thread");
const TOGETHER_SECONDS = 300;

on("messages", ({ isNew } = {}) => draw(isNew !== undefined));
on("channel", () => draw(false));
on("home", () => draw(false));
on("thread", drawThread);

function draw(keepsPlace) {
  if (state.showsHome) return drawHome();
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const place = log.scrollTop;
  fill(log, ...list(state.messages));
  log.scrollTop = keepsPlace && !atEnd ? place : log.scrollHeight;
}

function list(messages) {
  const nodes = [];
  let day = "";
  let before = null;
  for (const message of messages) {
    const at = new Date(Number(message.ts) * 1000);
    const today = at.toDateString();
    if (today !== day) {
      nodes.push(el("div", { class: "day", role: "separator" }, el("span", {}, dayName(at))));
      day = today;
      before = null;
    }
    nodes.push(article(message, at, goesWith(before, message)));
    before = message;
  }
  return nodes;
}

function goesWith(before, message) {
  return before && before.user === message.user && !before.is_ephemeral && !message.is_ephemeral
    && Number(message.ts) - Number(before.ts) < TOGETHER_SECONDS && !message.blocks?.some((block) => block.type === "header");
}

function dayName(at) {
  if (at.toDateString() === new Date().toDateString()) return "Today";
  return at.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" });
}

function article(message, at, isTogether, inThread = false) {
  const user = state.users[message.user] || { name: message.username || "?", real_name: message.username || "?", is_bot: true };
  const time = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  const head = !isTogether && el("div", { class: "who" }, el("strong", {}, user.real_name),
    user.is_bot && el("span", { class: "badge" }, "APP"), el("time", { dateTime: at.toISOString() }, time),
    message.edited && el("span", { class: "edited" }, "(edited)"));
  return el("article", { class: `message ${message.is_ephemeral ? "ephemeral" : ""} ${isTogether ? "together" : ""}`, "data-ts": message.ts, "aria-label": `${user.real_name}: ${message.text.slice(0, 120)}` },
    el("div", { class: "gutter", "aria-hidden": "true" }, isTogether ? el("time", {}, time.replace(/ [AP]M$/, "")) : el("span", { class: "avatar", style: `background:${colour(user.name)}` }, initials(user.real_name))),
    el("div", { class: "content" }, head,
      message.is_ephemeral && el("p", { class: "private" }, "Only visible to you"),
      ...body(message), reactions(message), !inThread && replies(message)));
}

function body(message) {
  if (message.blocks) return blocks(message.blocks, contextOf(message));
  return [el("div", { class: "plain" }, ...mrkdwn(message.text))];
}

function contextOf(message) {
  return {
    act: (one, block, chosen) => post("action", {
      in: "message", channel: message.channel || state.channel, ts: message.ts,
      block_id: block.block_id, action_id: one.action_id, value: one.value, ...chosen,
    }),
  };
}

function reactions(message) {
  if (!message.reactions) return null;
  return el("div", { class: "reactions" }, ...message.reactions.map((one) =>
    el("span", { class: "reaction", title: one.users.map((id) => state.users[id]?.real_name || id).join(", ") }, `${emoji(one.name) || `:${one.name}:`} ${one.count}`)));
}

function replies(message) {
  if (!message.reply_count) return null;
  const text = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return el("button", { type: "button", class: "replies", onclick: () => openThread(message.ts) }, text);
}

function drawThread() {
  thread.hidden = !state.thread;
  if (!state.thread) return;
  fill(thread, el("header", {}, el("h2", {}, "Thread"), el("button", { type: "button", class: "close", "aria-label": "Close thread", onclick: closeThread }, "×")),
    ...state.replies.map((message) => article(message, new Date(Number(message.ts) * 1000), false, true)));
}

function drawHome() {
  const view = state.home;
  const context = { act: (one, block, chosen) => post("action", { in: "view", view_id: view.id, block_id: block.block_id, action_id: one.action_id, value: one.value, ...chosen }) };
  fill(log, el("div", { class: "home" }, ...(view ? blocks(view.blocks, context) : [el("p", {}, "Nothing here yet.")])));
  log.scrollTop = 0;
}
