// The left pane: the workspace, who this tab is, channels, direct messages and apps.

import { post } from "./api.js";
import { el, icon, iconButton, reconcile } from "./dom.js";
import { complain } from "./notices.js";
import { appOfChannel, avatar, channelName, membersOf, pickableUsers, userName } from "./people.js";
import { openMenu } from "./popover.js";
import { becomeUser, channelAddress, currentRoute, goTo, homeAddress } from "./route.js";
import { state } from "./state.js";

let head = null;

export function drawSidebar() {
  const sidebar = document.getElementById("sidebar");
  const focused = sidebar.contains(document.activeElement) ? document.activeElement.dataset.focusKey : null;
  const { scrollTop } = sidebar.querySelector(".sidebar-lists") ?? { scrollTop: 0 };
  const lists = el("div", { class: "sidebar-lists" }, ...sections());
  const people = JSON.stringify([state.team, state.me, pickableUsers()]);
  // An open user switcher must survive a message that arrives meanwhile.
  if (!head || head.people !== people) head = { people, node: top() };
  reconcile(sidebar, [head.node, lists]);
  lists.scrollTop = scrollTop;
  if (focused)
    [...sidebar.querySelectorAll("[data-focus-key]")].find((node) => node.dataset.focusKey === focused)?.focus();
}

export function openSidebar(open) {
  document.body.classList.toggle("sidebar-open", open);
  document.getElementById("curtain").hidden = !open;
}

function top() {
  const others = pickableUsers();
  const switcher = el(
    "select",
    {
      "aria-label": "Act as",
      data: { focusKey: "switcher" },
      on: { change: ({ target }) => becomeUser(target.value) },
    },
    others.map((user) => el("option", { value: user.id, selected: user.id === state.me.id }, userName(user.id))),
  );
  return el(
    "div",
    { class: "sidebar-top" },
    el("div", { class: "team" }, el("span", { class: "team-mark" }, icon("bell")), el("span", null, state.team.name)),
    el(
      "label",
      { class: "switcher" },
      avatar(state.me.id, userName(state.me.id)),
      el("span", { class: "switcher-text" }, el("small", null, "You are"), switcher),
    ),
  );
}

function sections() {
  const channels = [...state.channels.values()];
  const rooms = channels.filter((channel) => channel.kind !== "im").sort((a, b) => a.name.localeCompare(b.name));
  const people = channels.filter((channel) => channel.kind === "im" && !appOfChannel(channel));
  const groups = [...state.groups.values()].sort((a, b) => a.handle.localeCompare(b.handle));
  const newMessage = iconButton("plus", "New direct message", ({ currentTarget }) => choosePerson(currentTarget), {
    "data-focus-key": "new-dm",
    "aria-haspopup": "menu",
  });
  return [
    section("Channels", rooms.filter((channel) => channel.is_member && !channel.is_archived).map(channelLink)),
    section("Other channels", rooms.filter((channel) => !channel.is_member && !channel.is_archived).map(channelLink)),
    section("Direct messages", people.map(channelLink), newMessage, true),
    section(
      "Apps",
      state.apps.flatMap((app) => appLinks(app, channels)),
    ),
    section("User groups", groups.map(groupRow)),
    section("Archived", rooms.filter((channel) => channel.is_archived).map(channelLink)),
  ];
}

function section(title, links, button = null, always = false) {
  if (links.length === 0 && !always) return null;
  return el(
    "section",
    { class: "sidebar-section", "aria-label": title },
    el("div", { class: "section-head" }, el("h2", null, title), button),
    el(
      "ul",
      null,
      links.map((link) => el("li", null, link)),
    ),
  );
}

function channelLink(channel) {
  const face =
    channel.kind === "im"
      ? avatar(channel.user, userName(channel.user))
      : icon(channel.kind === "private" ? "lock" : "hash");
  return placeLink({
    address: channelAddress(channel.id),
    name: channelName(channel),
    face,
    here: currentRoute().channel === channel.id,
    unread: channel.unread,
    badge: channel.kind === "im" ? channel.unread : channel.mentions,
    channel: channel.id,
  });
}

function appLinks(app, channels) {
  const talk = channels.find((channel) => channel.kind === "im" && channel.user === app.bot_user_id);
  const route = currentRoute();
  const messages = placeLink({
    address: talk ? channelAddress(talk.id) : null,
    open: () => openDirect(app.bot_user_id),
    name: app.name,
    face: avatar(app.bot_user_id, app.name, true),
    here: Boolean(talk) && route.channel === talk.id,
    unread: talk?.unread ?? 0,
    badge: talk?.unread ?? 0,
    channel: talk?.id,
    dot: app.connected,
  });
  const home = placeLink({
    address: homeAddress(app.id),
    name: "Home",
    face: icon("home"),
    here: route.home === app.id,
    unread: 0,
    badge: 0,
    indented: true,
  });
  return app.has_home ? [messages, home] : [messages];
}

/** A group and who is in it now: nowhere to go, only to be seen. */
function groupRow(group) {
  return el(
    "div",
    { class: group.is_disabled ? "group disabled" : "group", data: { group: group.handle } },
    el("span", { class: "group-name" }, `@${group.handle}`),
    el("small", null, membersOf(group)),
  );
}

function placeLink({ address, open, name, face, here, unread, badge, channel, dot, indented }) {
  const classes = ["place", unread > 0 && !here && "unread", indented && "indented"].filter(Boolean).join(" ");
  const click = (event) => {
    openSidebar(false);
    if (address) return;
    event.preventDefault();
    open();
  };
  return el(
    "a",
    {
      class: classes,
      href: address ?? "#",
      "aria-label": name,
      "aria-current": here ? "page" : null,
      "aria-description": unread > 0 ? `${unread} unread` : null,
      data: { channel, focusKey: address ?? name },
      on: { click },
    },
    el("span", { class: "face" }, face),
    el("span", { class: "place-name" }, name),
    dot !== undefined &&
      dot !== null &&
      el("span", { class: dot ? "dot on" : "dot", title: dot ? "Online" : "Offline" }),
    badge > 0 && el("span", { class: "badge", "aria-hidden": "true" }, badge > 99 ? "99+" : String(badge)),
  );
}

function choosePerson(anchor) {
  const items = pickableUsers()
    .filter((user) => user.id !== state.me.id)
    .map((user) => ({
      label: userName(user.id),
      description: `@${user.name}`,
      node: avatar(user.id, userName(user.id)),
      choose: () => openDirect(user.id),
    }));
  openMenu(anchor, items, { label: "People" });
}

async function openDirect(other) {
  const answer = await post("open_dm", { with: other });
  if (answer.ok === false) return complain(answer.error);
  const id = answer.channel?.id ?? answer.channel;
  // The channel's own event may still be on its way; the address waits for it in main.js.
  goTo(channelAddress(id));
}
