// A scrolling list of messages: days, grouping, the line above new messages, and staying at the end.

import { get } from "./api.js";
import { dayKey, dayLabel } from "./dates.js";
import { el, icon, reconcile } from "./dom.js";
import { continues, messageNode } from "./messages.js";
import { complain } from "./notices.js";
import { listen, loadTimeline, state, timeline, timelineKey } from "./state.js";

const NEAR_END = 120;

/** {node, show(channel, threadTs, {unread, label, opening})}; redraws itself when its messages change. */
export function createTimeline({ inThread }) {
  const log = el("div", { class: "log", role: "log", "aria-live": "polite" });
  const jump = el(
    "button",
    { type: "button", class: "jump", hidden: true },
    icon("down"),
    el("span", null, "Newest messages"),
  );
  const scroller = el("div", { class: "scroller", tabindex: "-1" }, log);
  const list = {
    node: el("div", { class: "timeline" }, scroller, jump),
    scroller,
    log,
    jump,
    inThread,
    shown: new Map(),
    key: null,
    atEnd: true,
  };
  jump.addEventListener("click", () => toEnd(list));
  scroller.addEventListener("scroll", () => {
    list.atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
    if (list.atEnd) jump.hidden = true;
  });
  // Images and a growing composer change the height; who was reading the newest stays there.
  new ResizeObserver(() => list.atEnd && toEnd(list)).observe(log);
  new ResizeObserver(() => list.atEnd && toEnd(list)).observe(scroller);
  listen("timeline", (key) => key === list.key && draw(list));
  listen("channels", () => list.key && draw(list));
  listen("people", () => {
    list.shown.clear();
    if (list.key) draw(list);
  });
  return { node: list.node, show: (channel, threadTs, options) => show(list, channel, threadTs, options) };
}

async function show(list, channel, threadTs, { unread = 0, label, opening = null }) {
  const key = timelineKey(channel, threadTs);
  const same = list.key === key;
  Object.assign(list, { key, channel, opening });
  list.log.setAttribute("aria-label", label);
  if (!same) {
    Object.assign(list, { unread, atEnd: true, newFrom: null });
    list.shown.clear();
    draw(list);
  }
  const answer = await get(`channel/${channel}`, { user: state.me.id, thread_ts: threadTs });
  if (list.key !== key) return;
  if (!answer.messages) return complain(answer.error ?? "These messages could not be loaded.");
  const messages = list.inThread ? answer.messages : answer.messages.filter((message) => !isReply(message));
  list.newFrom ??= firstUnread(messages, list.unread);
  loadTimeline(key, messages);
}

function isReply(message) {
  return message.thread_ts && message.thread_ts !== message.ts && message.subtype !== "thread_broadcast";
}

function firstUnread(messages, unread) {
  const others = messages.filter((message) => message.user !== state.me.id && !message.is_ephemeral);
  return unread > 0 ? (others.at(-unread)?.ts ?? null) : null;
}

function draw(list) {
  const messages = timeline(list.key);
  const focus = focusedElement(list.log);
  const wasAtEnd = list.atEnd;
  const known = list.log.dataset.count ?? "0";
  reconcile(list.log, messages ? rows(list, messages) : [el("p", { class: "loading" }, "Loading …")]);
  list.log.dataset.count = String(messages?.length ?? 0);
  if (focus) restoreFocus(list.log, focus);
  if (wasAtEnd) toEnd(list);
  else if (Number(list.log.dataset.count) > Number(known)) list.jump.hidden = false;
}

function rows(list, messages) {
  const nodes = list.opening ? [list.opening] : [];
  const shown = new Map();
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    const newDay = !before || dayKey(before.ts) !== dayKey(message.ts);
    const isNew = message.ts === list.newFrom;
    if (newDay && !(list.inThread && before === undefined))
      nodes.push(kept(list, shown, `day ${dayKey(message.ts)}`, () => dayDivider(message.ts)));
    if (isNew) nodes.push(kept(list, shown, "new", newDivider));
    if (list.inThread && index === 1)
      nodes.push(
        kept(list, shown, "replies", () =>
          el("div", { class: "day-divider", role: "separator" }, el("span", null, "Replies")),
        ),
      );
    nodes.push(
      row(list, shown, message, !newDay && !isNew && !(list.inThread && index === 1) && continues(message, before)),
    );
  });
  list.shown = shown;
  return nodes;
}

function row(list, shown, message, compact) {
  const pinned = Boolean(state.channels.get(list.channel)?.pins?.includes(message.ts));
  const old = list.shown.get(message.ts);
  if (old && old.message === message && old.compact === compact && old.pinned === pinned) {
    shown.set(message.ts, old);
    return old.node;
  }
  const node = messageNode(message, { channel: list.channel, compact, inThread: list.inThread, old });
  shown.set(message.ts, { message, node, compact, pinned });
  return node;
}

function kept(list, shown, key, make) {
  const node = list.shown.get(key)?.node ?? make();
  shown.set(key, { node });
  return node;
}

function dayDivider(ts) {
  return el("div", { class: "day-divider", role: "separator" }, el("span", null, dayLabel(ts)));
}

function newDivider() {
  return el("div", { class: "new-divider", role: "separator" }, el("span", null, "New"));
}

function toEnd(list) {
  list.atEnd = true;
  list.jump.hidden = true;
  list.scroller.scrollTop = list.scroller.scrollHeight;
}

// A message that is redrawn under somebody's hands must not take the keyboard away from its button.
function focusedElement(root) {
  const focused = document.activeElement;
  if (!root.contains(focused)) return null;
  const ts = focused.closest("[data-ts]")?.dataset.ts;
  const element = focused.closest("[data-action-id]");
  return ts && element ? { focused, ts, actionId: element.dataset.actionId, blockId: element.dataset.blockId } : null;
}

function restoreFocus(root, { focused, ts, actionId, blockId }) {
  if (focused.isConnected) return;
  const matches = (node) => node.dataset.actionId === actionId && node.dataset.blockId === blockId;
  const article = [...root.querySelectorAll("[data-ts]")].find((node) => node.dataset.ts === ts);
  [...(article?.querySelectorAll("[data-action-id]") ?? [])].find(matches)?.focus({ preventScroll: true });
}
