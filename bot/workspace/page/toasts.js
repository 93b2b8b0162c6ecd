// Short notices: a new direct message, a problem.

import { el } from "./dom.js";
import { unescape, withEmoji } from "./mrkdwn.js";
import { on, openChannel, state } from "./state.js";

const toasts = document.getElementById("toasts");
const LIFE_MILLISECONDS = 7000;

on("arrived", ({ channel, message }) => {
  const known = state.channels[channel];
  if (channel === state.channel || !known || message.user === state.user) return;
  if (known.kind !== "im") return;
  const who = state.users[message.user]?.real_name || "Somebody";
  show([el("strong", {}, `${who} `), ...withEmoji(unescape(message.text).slice(0, 160))], () => openChannel(channel));
});
on("problem", (sentence) => show([sentence], null, "problem"));

function show(content, go, kind = "") {
  const node = el(go ? "button" : "div", { type: go ? "button" : null, class: `toast ${kind}` }, ...content);
  if (go) node.addEventListener("click", () => { go(); node.remove(); });
  toasts.append(node);
  setTimeout(() => node.remove(), LIFE_MILLISECONDS);
}
