// Starts the page: loads the workspace, opens a channel, listens.

import "./sidebar.js";
import "./messages.js";
import "./composer.js";
import "./dialogs.js";
import "./toasts.js";
import { connect } from "./socket.js";
import { load, markRead, openChannel, openHome, state } from "./state.js";

await load();
const wanted = location.hash.slice(1);
if (wanted === "home" && state.apps.length) await openHome(state.apps[0].id);
else await openChannel(state.channels[wanted] ? wanted : firstChannel());
connect();
document.addEventListener("visibilitychange", markRead);
document.getElementById("message").focus();

function firstChannel() {
  const joined = Object.values(state.channels).filter((channel) => channel.is_member && channel.kind !== "im");
  return (joined.find((channel) => channel.name === "general") || joined[0] || Object.values(state.channels)[0])?.id;
}
