// What this page knows, and how it asks for more. Everybody who shows something listens here.

const listeners = {};
const query = new URLSearchParams(location.search);

export const state = {
  user: query.get("user") || "",
  team: null, me: null, users: {}, apps: [], channels: {}, views: [], home: null,
  channel: null, thread: null, messages: [], replies: [], connected: true, showsHome: false,
};

export function on(what, listener) {
  (listeners[what] ||= []).push(listener);
}

export function tell(what, detail) {
  for (const listener of listeners[what] || []) listener(detail);
}

export async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

export async function post(what, body) {
  try {
    const answer = await fetch(`/page/${what}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ user: state.user, ...body }),
    });
    const result = await answer.json();
    if (!result.ok && result.error) tell("problem", result.error);
    return result;
  } catch {
    tell("problem", "The workspace cannot be reached.");
    return { ok: false };
  }
}

export async function load() {
  const snapshot = await get(`/page/state?user=${encodeURIComponent(state.user)}`);
  state.team = snapshot.team;
  state.me = snapshot.me;
  state.user = snapshot.me.id;
  state.apps = snapshot.apps;
  state.connected = snapshot.connected;
  state.views = snapshot.views;
  state.users = Object.fromEntries(snapshot.users.map((user) => [user.id, user]));
  state.channels = Object.fromEntries(snapshot.channels.map((channel) => [channel.id, channel]));
  tell("all");
}

export async function openChannel(id) {
  if (!state.channels[id]) return;
  state.showsHome = false;
  if (state.channel !== id) closeThread();
  state.channel = id;
  history.replaceState(null, "", `?user=${state.user}#${id}`);
  await loadMessages();
  markRead();
  tell("channel");
}

export async function loadMessages() {
  const wanted = state.channel;
  const { messages } = await get(`/page/channel/${wanted}?user=${state.user}`);
  if (wanted !== state.channel) return;
  state.messages = messages;
  tell("messages");
}

export async function openThread(ts) {
  state.thread = ts;
  const { messages } = await get(`/page/channel/${state.channel}?user=${state.user}&thread_ts=${ts}`);
  state.replies = messages;
  tell("thread");
}

export function closeThread() {
  state.thread = null;
  tell("thread");
}

export async function openHome(app) {
  state.showsHome = app;
  state.channel = null;
  history.replaceState(null, "", `?user=${state.user}#home`);
  const { view } = await post("open_home", { app });
  if (view) state.home = view;
  tell("channel");
}

export function markRead() {
  const channel = state.channels[state.channel];
  if (channel && channel.unread && document.visibilityState === "visible") post("read", { channel: channel.id });
}

export function changeUser(id) {
  location.href = `?user=${id}${state.channel ? `#${state.channel}` : ""}`;
}
