// The message box: sends, runs slash commands, proposes what could be typed.

import { el, fill } from "./dom.js";
import { get, on, post, state } from "./state.js";

const form = document.getElementById("composer");
const proposals = el("ul", { id: "proposals", role: "listbox", "aria-label": "Proposals", hidden: true });
const box = el("textarea", {
  id: "message", rows: 1, "aria-label": "Message", "aria-autocomplete": "list", "aria-controls": "proposals",
  oninput: typed, onkeydown: pressed, onblur: () => setTimeout(hide, 150),
});
const history = [];
let items = [];
let chosen = -1;
let asked = 0;
let recalled = 0;

fill(form, proposals, box, el("button", { type: "submit", class: "button primary", "aria-label": "Send" }, "↵"));
form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
on("channel", place);
on("channels", place);

function place() {
  const channel = state.channels[state.channel];
  form.hidden = !channel;
  if (!channel) return;
  const name = channel.kind === "im" ? state.users[channel.user]?.real_name : `#${channel.name}`;
  box.placeholder = `Message ${name}, or type / for commands`;
}

async function typed() {
  grow();
  const text = box.value.slice(0, box.selectionStart);
  const isWanted = /^\/\S*$/.test(text) || /^\/\S+ \S*$/.test(text) || /(^|\s)[@#][\w.-]*$/.test(text);
  if (!isWanted) return hide();
  const mine = ++asked;
  const answer = await get(`/page/completions?user=${state.user}&text=${encodeURIComponent(text)}`);
  if (mine !== asked) return;
  items = answer.items;
  chosen = items.length ? 0 : -1;
  draw();
}

function draw() {
  proposals.hidden = items.length === 0;
  fill(proposals, ...items.map((item, at) => el("li", { role: "option", "aria-selected": String(at === chosen), class: at === chosen ? "chosen" : "", onmousedown: (event) => { event.preventDefault(); take(at); } },
    el("span", {}, item.text), el("span", { class: "faint" }, item.description))));
}

function hide() {
  items = [];
  asked += 1;
  draw();
}

function take(at) {
  const end = box.selectionStart;
  const start = box.value.slice(0, end).search(/\S*$/);
  const word = `${items[at].text} `;
  box.value = box.value.slice(0, start) + word + box.value.slice(end);
  box.selectionStart = box.selectionEnd = start + word.length;
  hide();
  box.focus();
  typed();
}

function pressed(event) {
  if (items.length && moveProposals(event)) return event.preventDefault();
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  } else if (event.key === "ArrowUp" && !box.value && history.length) {
    event.preventDefault();
    recall();
  }
  return undefined;
}

function moveProposals(event) {
  const word = box.value.slice(0, box.selectionStart).split(/\s/).at(-1);
  if (event.key === "ArrowDown") chosen = (chosen + 1) % items.length;
  else if (event.key === "ArrowUp") chosen = (chosen + items.length - 1) % items.length;
  else if (event.key === "Escape") hide();
  else if (event.key === "Tab" || (event.key === "Enter" && word && items[chosen].text !== word)) take(chosen);
  else return false;
  draw();
  return true;
}

function recall() {
  recalled = Math.min(recalled + 1, history.length);
  box.value = history.at(-recalled);
  grow();
}

async function send() {
  const text = box.value.trim();
  if (!text || !state.channel) return;
  history.push(text);
  recalled = 0;
  box.value = "";
  hide();
  grow();
  const [, command, rest] = /^(\/\S+)\s*([\s\S]*)$/.exec(text) || [];
  if (command) await post("command", { channel: state.channel, command, text: rest });
  else await post("send", { channel: state.channel, text: escaped(text) });
}

function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function grow() {
  box.style.height = "auto";
  box.style.height = `${Math.min(box.scrollHeight, 200)}px`;
}
