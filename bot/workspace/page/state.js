// What this tab knows: people, channels, messages, open views. Changes are announced by topic.
//
// Topics: "channels", "people", "app", "socket", "views" without detail; "timeline" with its key;
// "home" with the app id; "arrived" with {channel, message} for each message that came in live.

export const state = {
  team: null,
  me: null,
  users: new Map(),
  groups: new Map(),
  apps: [],
  channels: new Map(),
  timelines: new Map(),
  views: [],
  homes: new Map(),
  socketOpen: false,
};

const listeners = new Map();
const dismissed = new Set();

export function listen(topic, react) {
  if (!listeners.has(topic)) listeners.set(topic, new Set());
  listeners.get(topic).add(react);
}

export function announce(topic, detail) {
  for (const react of listeners.get(topic) ?? []) react(detail);
}

export function loadSnapshot(snapshot) {
  state.team = snapshot.team;
  state.me = snapshot.me;
  state.users = new Map(snapshot.users.map((user) => [user.id, user]));
  state.groups = new Map((snapshot.usergroups ?? []).map((group) => [group.id, group]));
  const connected = new Map(state.apps.map((app) => [app.id, app.connected]));
  state.apps = snapshot.apps.map((app) => ({ connected: connected.get(app.id), ...app }));
  state.channels = new Map(snapshot.channels.map((channel) => [channel.id, channel]));
  announce("people");
  announce("channels");
  announce("app");
  if (snapshot.views) showViews(snapshot.views);
}

/** A channel's messages, and a thread's, are two timelines. */
export function timelineKey(channel, threadTs) {
  return threadTs ? `${channel}/${threadTs}` : channel;
}

export function loadTimeline(key, messages) {
  const known = state.timelines.get(key);
  // An unchanged message stays the same object, so what somebody is typing in it is not redrawn.
  const kept = (message) =>
    JSON.stringify(known?.get(message.ts)) === JSON.stringify(message) ? known.get(message.ts) : message;
  const shown = messages.filter((message) => !dismissed.has(message.ts));
  state.timelines.set(key, new Map(shown.map((message) => [message.ts, kept(message)])));
  announce("timeline", key);
}

/** Oldest first; undefined while it has not been loaded. */
export function timeline(key) {
  const messages = state.timelines.get(key);
  return messages && [...messages.values()].sort((a, b) => Number(a.ts) - Number(b.ts));
}

/** Hides an ephemeral message for as long as this tab lives. */
export function dismissMessage(channel, ts) {
  dismissed.add(ts);
  forgetMessage(channel, ts);
}

function forgetMessage(channel, ts) {
  for (const [key, messages] of state.timelines) {
    if (key.split("/")[0] === channel && messages.delete(ts)) announce("timeline", key);
  }
}

export function setSocketOpen(open) {
  state.socketOpen = open;
  announce("socket");
}

export function setHome(app, view) {
  state.homes.set(app, view);
  announce("home", app);
}

const RECEIVERS = {
  message: arrive,
  ephemeral: ({ channel, message }) => arrive({ channel, message: { ...message, is_ephemeral: true } }),
  message_changed: ({ channel, message }) => change(channel, message),
  message_deleted: ({ channel, message }) => forgetMessage(channel, message.ts),
  channel: ({ channel }) => {
    state.channels.set(channel.id, { ...state.channels.get(channel.id), ...channel });
    announce("channels");
  },
  views: ({ views }) => showViews(views),
  home: ({ app, view }) => setHome(app, view),
  user: ({ user }) => {
    if (!user) return;
    state.users.set(user.id, { ...state.users.get(user.id), ...user });
    announce("people");
  },
  usergroup: ({ usergroup }) => {
    state.groups.set(usergroup.id, usergroup);
    announce("people");
  },
  app: ({ app, connected }) => {
    state.apps = state.apps.map((each) => (app && each.id !== app ? each : { ...each, connected }));
    announce("app");
  },
};

/** Takes in one event of the workspace; an unknown kind is left for a newer page. */
export function receive(event) {
  RECEIVERS[event.type]?.(event);
}

function showViews(views) {
  state.views = views;
  announce("views");
}

function isReply(message) {
  return message.thread_ts && message.thread_ts !== message.ts;
}

function arrive({ channel, message }) {
  if (isReply(message)) put(timelineKey(channel, message.thread_ts), message);
  if (!isReply(message) || message.subtype === "thread_broadcast") put(channel, message);
  announce("arrived", { channel, message });
}

function put(key, message) {
  const messages = state.timelines.get(key);
  if (!messages) return;
  messages.set(message.ts, message);
  announce("timeline", key);
}

function change(channel, message) {
  for (const [key, messages] of state.timelines) {
    if (key.split("/")[0] !== channel || !messages.has(message.ts)) continue;
    messages.set(message.ts, message);
    announce("timeline", key);
  }
}
