// Where one writes: messages, replies and slash commands, with suggestions, drafts and recall.

import { runShortcut } from "./actions.js";
import { post } from "./api.js";
import { createCompletion } from "./completion.js";
import { el, icon, iconButton } from "./dom.js";
import { complain } from "./notices.js";
import { openMenu } from "./popover.js";
import { state } from "./state.js";

const drafts = new Map();
const sent = [];

/** {node, moveTo(place, placeholder), focus()} where place is {channel, thread_ts?}. */
export function createComposer({ label }) {
  const field = el("textarea", { class: "composer-field", "aria-label": label, rows: 1 });
  const completion = createCompletion(field);
  const composer = { field, completion, place: null, recalled: sent.length };
  const send = el("button", { type: "submit", class: "send", "aria-label": "Send", title: "Send" }, icon("send"));
  const bolt = iconButton("bolt", "Shortcuts", ({ currentTarget }) => openShortcuts(currentTarget), {
    "aria-haspopup": "menu",
  });
  const node = el("form", { class: "composer" }, completion.list, bolt, field, send);
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(composer);
  });
  field.addEventListener("keydown", (event) => onKey(composer, event));
  field.addEventListener("input", () => {
    drafts.set(draftKey(composer.place), field.value);
    node.classList.toggle("command", isCommand(field.value));
  });
  return {
    node,
    focus: () => field.focus(),
    moveTo: (place, placeholder) => moveTo(composer, bolt, place, placeholder),
  };
}

function moveTo(composer, bolt, place, placeholder) {
  composer.field.placeholder = placeholder;
  bolt.hidden = globalShortcuts().length === 0;
  if (composer.place && draftKey(composer.place) === draftKey(place)) return;
  composer.place = place;
  setText(composer, drafts.get(draftKey(place)) ?? "");
}

function draftKey({ channel, thread_ts: thread }) {
  return `${channel}/${thread ?? ""}`;
}

function setText(composer, text) {
  composer.field.value = text;
  composer.field.dispatchEvent(new Event("input"));
  composer.completion.close();
}

function onKey(composer, event) {
  if (composer.completion.takesKey(event) || event.isComposing) return;
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    submit(composer);
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    recall(composer, event);
  }
}

/** Up from an empty field, or from a recalled text, walks through what was sent before. */
function recall(composer, event) {
  const { field } = composer;
  const walking = field.value === "" || field.value === sent[composer.recalled];
  const next = composer.recalled + (event.key === "ArrowUp" ? -1 : 1);
  if (!walking || next < 0 || (next > sent.length - 1 && field.value === "")) return;
  event.preventDefault();
  composer.recalled = Math.min(next, sent.length);
  setText(composer, sent[composer.recalled] ?? "");
  field.setSelectionRange(field.value.length, field.value.length);
}

async function submit(composer) {
  const typed = composer.field.value.trim();
  if (typed === "") return;
  const place = composer.place;
  if (sent.at(-1) !== typed) sent.push(typed);
  composer.recalled = sent.length;
  setText(composer, "");
  const answer = isCommand(typed) ? await runCommand(typed, place) : await post("send", { ...place, text: typed });
  if (answer.ok) return;
  complain(answer.error ?? "That was not sent.");
  const unchanged = draftKey(composer.place) === draftKey(place) && composer.field.value === "";
  if (unchanged && !isCommand(typed)) setText(composer, typed);
}

function isCommand(text) {
  const [command] = text.split(/\s/, 1);
  return state.apps.some((app) => app.commands.some((each) => each.command === command));
}

function runCommand(typed, place) {
  const [command] = typed.split(/\s/, 1);
  return post("command", { ...place, command, text: typed.slice(command.length).trim() });
}

function globalShortcuts() {
  return state.apps.flatMap((app) =>
    (app.shortcuts ?? []).filter((shortcut) => shortcut.type === "global").map((shortcut) => ({ app, shortcut })),
  );
}

function openShortcuts(anchor) {
  const items = globalShortcuts().map(({ app, shortcut }) => ({
    label: shortcut.name,
    description: shortcut.description ?? app.name,
    choose: () => runShortcut(shortcut),
  }));
  openMenu(anchor, items, { label: "Shortcuts" });
}
