// The bar above the messages: name, topic, members, pins, bookmarks, or an app's tabs.

import { el, icon, iconButton } from "./dom.js";
import { emojiCharacter } from "./emoji.js";
import { linkNode } from "./mentions.js";
import { flatText, inline } from "./mrkdwn.js";
import { appOfChannel, authorOf, avatar, channelName, userName } from "./people.js";
import { openMenu, openPopover } from "./popover.js";
import { channelAddress, goTo, homeAddress } from "./route.js";
import { openSidebar } from "./sidebar.js";
import { state } from "./state.js";

export function drawHeader(route) {
  const channel = state.channels.get(route.channel);
  const app = route.home ? state.apps.find((each) => each.id === route.home) : appOfChannel(channel);
  const menu = iconButton("menu", "Open sidebar", () => openSidebar(true), { class: "icon-button menu-button" });
  const rows = app ? [appBar(app, menu, Boolean(route.home))] : [channelBar(channel, menu), bookmarkBar(channel)];
  document.getElementById("header").replaceChildren(...rows.filter(Boolean));
}

function channelBar(channel, menu) {
  if (!channel) return el("div", { class: "bar" }, menu, el("h1", null, "No channels yet"));
  const face =
    channel.kind === "im"
      ? avatar(channel.user, userName(channel.user))
      : icon(channel.kind === "private" ? "lock" : "hash");
  const pins = channel.pins?.length ?? 0;
  const members = channel.members?.length ?? 0;
  const button = (name, count, noun, open) =>
    el(
      "button",
      {
        type: "button",
        class: "count-button",
        "aria-label": `${count} ${noun}${count === 1 ? "" : "s"}`,
        on: { click: open },
      },
      icon(name),
      el("span", null, String(count)),
    );
  return el(
    "div",
    { class: "bar" },
    menu,
    el("h1", null, face, el("span", null, channelName(channel))),
    el("p", { class: "topic", title: channel.topic && flatText(channel.topic) }, ...inline(channel.topic ?? "")),
    el(
      "div",
      { class: "bar-buttons" },
      pins > 0 && button("pin", pins, "pin", ({ currentTarget }) => showPins(currentTarget, channel)),
      channel.kind !== "im" &&
        button("people", members, "member", ({ currentTarget }) => showMembers(currentTarget, channel)),
    ),
  );
}

function bookmarkBar(channel) {
  if (!channel?.bookmarks?.length) return null;
  const links = channel.bookmarks.map((bookmark) => {
    const link = linkNode(bookmark.link, bookmark.title);
    link.prepend(bookmarkFace(bookmark), " ");
    return link;
  });
  return el("nav", { class: "bookmarks", "aria-label": "Bookmarks" }, links);
}

function bookmarkFace(bookmark) {
  const character = bookmark.emoji && emojiCharacter(bookmark.emoji.replaceAll(":", ""));
  return character ? el("span", { class: "emoji" }, character) : icon("out");
}

function appBar(app, menu, atHome) {
  const talk = [...state.channels.values()].find(
    (channel) => channel.kind === "im" && channel.user === app.bot_user_id,
  );
  const tab = (name, address, here) =>
    address && el("a", { class: "tab", href: address, "aria-current": here ? "page" : null }, name);
  return el(
    "div",
    { class: "bar" },
    menu,
    el(
      "h1",
      null,
      avatar(app.bot_user_id, app.name, true),
      el("span", null, app.name),
      el("span", { class: "app-badge" }, "APP"),
    ),
    el(
      "nav",
      { class: "tabs", "aria-label": app.name },
      app.has_home && tab("Home tab", homeAddress(app.id), atHome),
      tab("Messages", talk && channelAddress(talk.id), !atHome),
    ),
  );
}

function showMembers(anchor, channel) {
  const items = channel.members.map((id) => ({
    label: userName(id),
    node: avatar(id, userName(id), state.users.get(id)?.is_bot),
    description: id === channel.creator ? "Created this channel" : null,
    choose: () => {},
  }));
  openMenu(anchor, items, { label: "Members" });
}

function showPins(anchor, channel) {
  const messages = state.timelines.get(channel.id);
  const rows = channel.pins.map((ts) => {
    const message = messages?.get(ts);
    const words = message ? flatText(message.text || "A message") : "An older message";
    const go = () => {
      close();
      showMessage(channel, ts, message);
    };
    return el(
      "button",
      { type: "button", class: "pin-row", on: { click: go } },
      message && el("strong", null, authorOf(message).name),
      el("span", null, words),
    );
  });
  const close = openPopover(
    anchor,
    el("div", { class: "pins", role: "dialog", "aria-label": "Pinned messages" }, rows),
  );
}

function showMessage(channel, ts, message) {
  const article = [...document.querySelectorAll("#content [data-ts]")].find((node) => node.dataset.ts === ts);
  if (!article) return goTo(channelAddress(channel.id, message?.thread_ts ?? ts));
  article.scrollIntoView({ block: "center", behavior: "smooth" });
  article.classList.add("found");
  setTimeout(() => article.classList.remove("found"), 2000);
}
