// The tab's title and icon: how much is waiting while one looks elsewhere.

import { channelName } from "./people.js";
import { state } from "./state.js";

const BELL = new Path2D("M10 3a5 5 0 0 0-5 5v3.5L3.5 14h13L15 11.5V8a5 5 0 0 0-5-5ZM8.5 16.2a1.6 1.6 0 0 0 3 0");
let drawn = null;

export function drawBadge(route) {
  const waiting = [...state.channels.values()].reduce(
    (sum, channel) => sum + (channel.kind === "im" ? channel.unread : channel.mentions),
    0,
  );
  const channel = state.channels.get(route.channel);
  const app = state.apps.find((each) => each.id === route.home);
  const place = app ? `${app.name} Home` : channel ? `${channel.kind === "im" ? "" : "#"}${channelName(channel)}` : "";
  const count = waiting > 0 ? `(${waiting}) ` : "";
  document.title = `${count}${place ? `${place} · ` : ""}${state.team.name}`;
  if (drawn === waiting) return;
  drawn = waiting;
  document.querySelector("link[rel=icon]").href = iconWith(waiting);
}

function iconWith(waiting) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#17605a";
  pen.beginPath();
  pen.roundRect(0, 0, 64, 64, 16);
  pen.fill();
  pen.save();
  pen.scale(3.2, 3.2);
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 1.8;
  pen.lineJoin = "round";
  pen.stroke(BELL);
  pen.restore();
  if (waiting > 0) drawCount(pen, waiting);
  return canvas.toDataURL();
}

function drawCount(pen, waiting) {
  pen.fillStyle = "#d8432f";
  pen.beginPath();
  pen.arc(44, 44, 20, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = "#ffffff";
  pen.font = "700 28px system-ui, sans-serif";
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(waiting > 9 ? "9+" : String(waiting), 44, 46);
}
