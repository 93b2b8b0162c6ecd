// The address bar: ?user=U… is who this tab is, #C… a channel, #C…/ts a thread, #home/A… an app's Home.

import { state } from "./state.js";

export function wantedUser() {
  return new URLSearchParams(location.search).get("user");
}

/** Reloads the tab as somebody else, in the same place unless that is a private conversation. */
export function becomeUser(id) {
  const here = state.channels.get(currentRoute().channel);
  const url = new URL(location.href);
  url.searchParams.set("user", id);
  if (here?.kind === "im") url.hash = "";
  location.assign(url);
}

/** {home: appId} or {channel, thread}; the first channel of this person when the address names none they know. */
export function currentRoute() {
  const [first, second] = decodeURIComponent(location.hash.slice(1)).split("/");
  if (first === "home" && state.apps.some((app) => app.id === second)) return { home: second };
  if (state.channels.has(first)) return { channel: first, thread: second || null };
  const channels = [...state.channels.values()].filter((channel) => !channel.is_archived);
  const start = channels.find((channel) => channel.is_member && channel.kind !== "im") ?? channels[0];
  return { channel: start?.id ?? null, thread: null };
}

export function channelAddress(channel, thread = null) {
  return thread ? `#${channel}/${thread}` : `#${channel}`;
}

export function homeAddress(app) {
  return `#home/${app}`;
}

export function goTo(address) {
  if (location.hash === address) window.dispatchEvent(new HashChangeEvent("hashchange"));
  else location.hash = address;
}

/** The address inside this page of a permalink or a channel link, or null for the rest of the web. */
export function addressInside(url) {
  const permalink = url.pathname.match(/^\/archives\/([A-Z0-9]+)(?:\/p(\d{10})(\d{6}))?/);
  const channel = permalink?.[1] ?? appLinkChannel(url);
  if (!channel || !state.channels.has(channel)) return null;
  if (!permalink?.[2]) return channelAddress(channel);
  const ts = `${permalink[2]}.${permalink[3]}`;
  return channelAddress(channel, url.searchParams.get("thread_ts") ?? ts);
}

function appLinkChannel(url) {
  if (url.protocol === "slack:") return url.searchParams.get("id");
  return url.pathname === "/app_redirect" ? url.searchParams.get("channel") : null;
}
