// What changes arrives here, over a WebSocket that renews itself.

import { get, load, loadMessages, markRead, openThread, state, tell } from "./state.js";

let pause = 500;

export function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/page/events?user=${state.user}`);
  let isFirst = true;
  socket.onopen = async () => {
    if (pause > 500) await reload();
    pause = 500;
    isFirst = false;
  };
  socket.onmessage = (event) => heard(JSON.parse(event.data));
  socket.onclose = () => {
    tell("connection", false);
    pause = Math.min(pause * 2, 8000);
    setTimeout(connect, isFirst ? pause : 600);
  };
}

async function reload() {
  await load();
  if (state.channel) await loadMessages();
  tell("connection", true);
}

const HEARD = {
  message: arrived,
  ephemeral: arrived,
  message_changed: changed,
  message_deleted({ message }) {
    state.messages = state.messages.filter((one) => one.ts !== message.ts);
    tell("messages");
  },
  channel({ channel }) {
    const isNew = !state.channels[channel.id];
    state.channels[channel.id] = channel;
    if (channel.id === state.channel) markRead();
    tell("channels", { isNew });
  },
  views({ views }) {
    state.views = views;
    tell("views");
  },
  home({ view }) {
    state.home = view;
    tell("home");
  },
  app({ connected }) {
    state.connected = connected;
    tell("connection", connected);
  },
};

function heard(change) {
  const handler = HEARD[change.type];
  if (handler) handler(change);
}

async function arrived({ channel, message }) {
  if (message.thread_ts && message.thread_ts !== message.ts) {
    if (state.thread === message.thread_ts) await openThread(state.thread);
    return;
  }
  if (channel === state.channel) {
    const at = state.messages.findIndex((one) => one.ts === message.ts);
    if (at >= 0) state.messages[at] = message;
    else state.messages.push(message);
    tell("messages", { isNew: at < 0 });
    markRead();
  }
  if (!state.channels[channel]) await learn(channel);
  tell("arrived", { channel, message });
}

async function learn(id) {
  const { channels } = await get(`/page/state?user=${state.user}`);
  const found = channels.find((channel) => channel.id === id);
  if (found) state.channels[id] = found;
  tell("channels", { isNew: true });
}

function changed({ channel, message }) {
  if (channel !== state.channel) return;
  for (const list of [state.messages, state.replies]) {
    const at = list.findIndex((one) => one.ts === message.ts);
    if (at >= 0) list[at] = message;
  }
  tell("messages", {});
  if (state.thread) tell("thread");
}
