// Starts the page and joins its parts: address, live line, panes.

import { get, post } from "./api.js";
import { drawBadge } from "./badge.js";
import { createComposer } from "./composer.js";
import { keepDatesFresh } from "./dates.js";
import { el, icon } from "./dom.js";
import { drawHeader } from "./header.js";
import { createHome } from "./home.js";
import { drawModals } from "./modals.js";
import { flatText, inline } from "./mrkdwn.js";
import { complain, drawBanners, toast } from "./notices.js";
import { authorOf, channelName } from "./people.js";
import { channelAddress, currentRoute, goTo, wantedUser } from "./route.js";
import { drawSidebar, openSidebar } from "./sidebar.js";
import { keepConnected } from "./socket.js";
import { listen, loadSnapshot, receive, setSocketOpen, state } from "./state.js";
import { createThread } from "./thread.js";
import { createTimeline } from "./timeline.js";

const timeline = createTimeline({ inThread: false });
const composer = createComposer({ label: "Message" });
const home = createHome();
const thread = createThread();
let shown = null;

async function start() {
  const snapshot = await get("state", { user: wantedUser() });
  if (!snapshot.me) {
    document
      .getElementById("banners")
      .replaceChildren(el("p", { class: "banner" }, snapshot.error ?? "The workspace has nobody in it yet."));
    return setTimeout(start, 2000);
  }
  loadSnapshot(snapshot);
  listenToState();
  show();
  keepDatesFresh();
  keepConnected(state.me.id, { onEvent: receive, onOpen: reload, onLost: () => setSocketOpen(false) });
}

/** After every connection: what happened while the line was down has only been told to others. */
async function reload() {
  setSocketOpen(true);
  const snapshot = await get("state", { user: state.me.id });
  if (!snapshot.me) return;
  loadSnapshot(snapshot);
  show();
}

function listenToState() {
  const redraw = soon(() => {
    // A channel the address already names may only now have become known.
    if (shown !== JSON.stringify(currentRoute())) return show();
    drawSidebar();
    drawHeader(currentRoute());
    drawBadge(currentRoute());
    return drawFoot(currentRoute());
  });
  for (const topic of ["channels", "people", "app"]) listen(topic, redraw);
  for (const topic of ["app", "socket"]) listen(topic, drawBanners);
  listen("views", drawModals);
  listen("arrived", noticeArrival);
  window.addEventListener("hashchange", show);
  document.addEventListener("visibilitychange", () => markRead(state.channels.get(currentRoute().channel)));
  document.getElementById("curtain").addEventListener("click", () => openSidebar(false));
}

function soon(draw) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      draw();
    });
  };
}

/** Shows the place the address names. */
function show() {
  const route = currentRoute();
  const channel = state.channels.get(route.channel);
  const moved = shown !== JSON.stringify(route);
  shown = JSON.stringify(route);
  drawSidebar();
  drawHeader(route);
  drawBadge(route);
  drawFoot(route);
  const pane = route.home ? home.node : timeline.node;
  const content = document.getElementById("content");
  if (content.firstElementChild !== pane) content.replaceChildren(pane);
  if (route.home) home.show(route.home);
  else if (channel)
    timeline.show(channel.id, null, {
      unread: channel.unread,
      label: `Messages in ${channelName(channel)}`,
      opening: opening(channel),
    });
  thread.show(route.home ? { channel: null, thread: null } : route);
  markRead(channel);
  if (moved && channel && !route.thread) focusComposer();
}

// On a phone the keyboard would cover what one came to read.
function focusComposer() {
  if (isWide()) composer.focus();
}

function isWide() {
  return matchMedia("(min-width: 760px)").matches;
}

function opening(channel) {
  const name = channel.kind === "im" ? channelName(channel) : `#${channelName(channel)}`;
  const purpose = channel.purpose ? el("p", null, ...inline(channel.purpose)) : null;
  return el(
    "div",
    { class: "opening" },
    el("h2", null, name),
    purpose ??
      el("p", null, channel.kind === "im" ? "Only the two of you read this." : "This is where the channel begins."),
  );
}

function drawFoot(route) {
  const channel = state.channels.get(route.channel);
  const foot = document.getElementById("foot");
  const node = footOf(route, channel);
  if (node === composer.node && foot.firstElementChild === node) return;
  foot.replaceChildren(...(node ? [node] : []));
  if (node === composer.node) focusComposer();
}

function footOf(route, channel) {
  if (route.home || !channel) return null;
  if (channel.is_archived)
    return el("p", { class: "foot-note" }, icon("lock"), "This channel is archived. Nobody can write here.");
  if (channel.kind !== "im" && !channel.is_member) return joinBar(channel);
  const name = channel.kind === "im" ? channelName(channel) : `#${channelName(channel)}`;
  composer.moveTo({ channel: channel.id }, `Write to ${name}${isWide() ? ", / for commands" : ""}`);
  return composer.node;
}

function joinBar(channel) {
  const join = async () => {
    const answer = await post("join", { channel: channel.id });
    if (!answer.ok) complain(answer.error);
  };
  return el(
    "p",
    { class: "foot-note" },
    `You are looking at #${channelName(channel)}.`,
    el("button", { type: "button", class: "button primary", on: { click: join } }, "Join channel"),
  );
}

function markRead(channel) {
  if (channel && channel.unread > 0 && !document.hidden) post("read", { channel: channel.id });
}

/** A message that came in live: read at once where one looks, a toast for a direct message elsewhere. */
function noticeArrival({ channel: id, message }) {
  const channel = state.channels.get(id);
  const here = currentRoute().channel === id && !document.hidden;
  const mine = message.user === state.me.id;
  if (here) return mine || message.is_ephemeral ? null : post("read", { channel: id });
  const forMe = channel?.kind === "im" || message.text?.includes(`<@${state.me.id}>`);
  if (mine || message.is_ephemeral || !forMe) return null;
  const where = channel?.kind === "im" ? "" : ` in #${channelName(channel)}`;
  return toast(`${authorOf(message).name}${where}:`, flatText(message.text ?? "").slice(0, 160), () =>
    goTo(channelAddress(id, message.thread_ts)),
  );
}

start();
