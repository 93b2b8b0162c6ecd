// Names and faces: who wrote a message, what a channel is called, and the coloured initials.

import { el } from "./dom.js";
import { state } from "./state.js";

export function userName(id) {
  const user = state.users.get(id);
  if (user) return user.real_name || user.name;
  return state.apps.find((app) => app.bot_user_id === id)?.name ?? id ?? "Somebody";
}

export function appOf(userId) {
  return state.apps.find((app) => app.bot_user_id === userId);
}

export function appOfChannel(channel) {
  return channel?.kind === "im" ? appOf(channel.user) : undefined;
}

export function channelName(channel) {
  if (!channel) return "somewhere";
  if (channel.kind !== "im") return channel.name;
  return channel.user === state.me.id ? `${userName(channel.user)} (you)` : userName(channel.user);
}

/** People one can pick or mention, alphabetical; apps only when asked for. */
export function pickableUsers({ withApps = false } = {}) {
  return [...state.users.values()]
    .filter((user) => !user.deleted && (withApps || !user.is_bot))
    .sort(
      (a, b) => Number(a.is_bot ?? false) - Number(b.is_bot ?? false) || userName(a.id).localeCompare(userName(b.id)),
    );
}

/** Who is in a user group, in words. */
export function membersOf(group) {
  if (group.is_disabled) return "disabled";
  return group.users.map(userName).join(", ") || "nobody";
}

/** Who stands above a message: {id, name, isApp}. A message may carry its own name. */
export function authorOf(message) {
  const app = state.apps.find(
    (each) => (message.bot_id && each.bot_id === message.bot_id) || each.bot_user_id === message.user,
  );
  if (app) return { id: app.bot_user_id, name: message.username ?? app.name, isApp: true };
  const isApp = Boolean(message.bot_id || state.users.get(message.user)?.is_bot);
  return { id: message.user ?? message.bot_id, name: message.username ?? userName(message.user), isApp };
}

export function avatar(id, name, isApp = false) {
  const face = el("span", { class: isApp ? "avatar app" : "avatar", "aria-hidden": "true" }, initials(name));
  face.style.setProperty("--hue", hueOf(id ?? name));
  return face;
}

function initials(name) {
  const words = name.split(/[\s._-]+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0].toUpperCase()).join("");
}

// Each next person stands a golden angle further on the wheel, so no two neighbours look alike.
function hueOf(id) {
  const place = [...state.users.keys()].indexOf(id);
  const turn = place < 0 ? [...id].reduce((sum, letter) => sum + letter.codePointAt(0), 0) : place;
  return Math.round((turn * 137.508 + 25) % 360);
}
