// One message: who, when, what, and what one can do with it.

import { actionsIn, runShortcut } from "./actions.js";
import { post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { fullTime, messageTime } from "./dates.js";
import { el, icon, iconButton } from "./dom.js";
import { emojiNode, QUICK_REACTIONS } from "./emoji.js";
import { linkNode } from "./mentions.js";
import { mrkdwn } from "./mrkdwn.js";
import { complain } from "./notices.js";
import { authorOf, avatar, userName } from "./people.js";
import { openMenu, openPopover } from "./popover.js";
import { channelAddress, goTo } from "./route.js";
import { dismissMessage, state } from "./state.js";
import { collectValues, unchangedValues } from "./values.js";

/** The article of a message. `old` is its previous {message, node}: untouched inputs keep what was typed. */
export function messageNode(message, { channel, compact, inThread, old }) {
  const author = authorOf(message);
  const classes = ["message", compact && "compact", message.is_ephemeral && "ephemeral", isSystem(message) && "system"];
  const label = `${author.name}, ${messageTime(message.ts)}`;
  const node = el("article", {
    class: classes.filter(Boolean).join(" "),
    tabindex: "-1",
    "aria-label": label,
    data: { ts: message.ts, channel },
  });
  const carried = old && unchangedValues(collectValues(old.node), old.message.blocks, message.blocks);
  const place = { in: "message", channel, ts: message.ts };
  const context = { where: "message", place, channel, carried, dispatch: actionsIn(place, () => node) };
  node.append(
    el("div", { class: "gutter" }, compact ? time(message, channel) : avatar(author.id, author.name, author.isApp)),
    el(
      "div",
      { class: "message-body" },
      above(message, channel),
      !compact && byline(message, author, channel),
      content(message, context),
      compact && editedMark(message),
      below(message, channel, inThread),
    ),
  );
  if (!message.is_ephemeral) node.append(toolbar(message, channel, inThread));
  return node;
}

/** Whether a message may stand under the same name as the one before it. */
export function continues(message, before) {
  if (!before || isSystem(message) || isSystem(before) || message.is_ephemeral || before.is_ephemeral) return false;
  const close = Number(message.ts) - Number(before.ts) < 300;
  const authors = [authorOf(message), authorOf(before)];
  return close && authors[0].id === authors[1].id && authors[0].name === authors[1].name;
}

const TALK = new Set(["bot_message", "thread_broadcast", "me_message", "file_share"]);

function isSystem(message) {
  return Boolean(message.subtype && !TALK.has(message.subtype));
}

function above(message, channel) {
  if (message.is_ephemeral) {
    const dismiss = el(
      "button",
      { type: "button", class: "quiet", on: { click: () => dismissMessage(channel, message.ts) } },
      "Dismiss",
    );
    return el("div", { class: "note" }, el("span", null, "Only visible to you"), dismiss);
  }
  const pinned = state.channels.get(channel)?.pins?.includes(message.ts);
  return pinned ? el("div", { class: "note pinned" }, icon("pin"), el("span", null, "Pinned")) : null;
}

function byline(message, author, channel) {
  return el(
    "div",
    { class: "byline" },
    el("strong", { class: "author" }, author.name),
    author.isApp && el("span", { class: "app-badge" }, "APP"),
    time(message, channel),
    editedMark(message),
  );
}

function time(message, channel) {
  const moment = new Date(Number(message.ts) * 1000).toISOString();
  const when = el("time", { datetime: moment, title: fullTime(message.ts) }, messageTime(message.ts));
  if (message.is_ephemeral) return el("span", { class: "when" }, when);
  return el(
    "a",
    { class: "when", tabindex: "-1", href: channelAddress(channel, message.thread_ts ?? message.ts) },
    when,
  );
}

function editedMark(message) {
  return (
    message.edited &&
    el("span", { class: "edited", title: message.edited.ts && fullTime(message.edited.ts) }, "(edited)")
  );
}

function content(message, context) {
  const words = message.blocks?.length
    ? renderBlocks(message.blocks, context)
    : el("div", { class: "text" }, ...mrkdwn(message.text ?? ""));
  const attached = (message.attachments ?? []).map((attachment) => attachmentNode(attachment, context));
  const files = (message.files ?? []).map((file) =>
    el("div", { class: "file" }, linkNode(file.url_private ?? file.permalink ?? "", file.title ?? file.name)),
  );
  return el("div", { class: "content" }, words, attached, files);
}

function attachmentNode(attachment, context) {
  const title =
    attachment.title && (attachment.title_link ? linkNode(attachment.title_link, attachment.title) : attachment.title);
  const fields = (attachment.fields ?? []).map((field) =>
    el("div", { class: "field" }, el("strong", null, field.title), el("div", null, ...mrkdwn(field.value ?? ""))),
  );
  const node = el(
    "div",
    { class: "attachment" },
    attachment.pretext && el("div", null, ...mrkdwn(attachment.pretext)),
    title && el("strong", null, title),
    attachment.blocks
      ? renderBlocks(attachment.blocks, context)
      : el("div", null, ...mrkdwn(attachment.text ?? attachment.fallback ?? "")),
    fields.length > 0 && el("div", { class: "fields" }, fields),
    attachment.footer && el("small", null, ...mrkdwn(attachment.footer)),
  );
  const colors = { good: "#2f9e6e", warning: "#d9982b", danger: "#cf4a3c" };
  const color = colors[attachment.color] ?? attachment.color?.replace(/^#?/, "#");
  if (color) node.style.setProperty("--bar", color);
  return node;
}

function below(message, channel, inThread) {
  const reactions = (message.reactions ?? []).filter((reaction) => (reaction.count ?? reaction.users?.length) > 0);
  const replies = !inThread && message.reply_count > 0 && (!message.thread_ts || message.thread_ts === message.ts);
  return [
    reactions.length > 0 &&
      el(
        "div",
        { class: "reactions" },
        reactions.map((reaction) => reactionNode(reaction, message, channel)),
      ),
    replies && threadLink(message, channel),
  ];
}

function reactionNode(reaction, message, channel) {
  const users = reaction.users ?? [];
  const count = reaction.count ?? users.length;
  const names = users.map(userName).join(", ");
  return el(
    "button",
    {
      type: "button",
      class: "reaction",
      "aria-pressed": String(users.includes(state.me.id)),
      "aria-label": `${reaction.name}, ${count}`,
      title: names && `${names} reacted with :${reaction.name}:`,
      on: { click: () => react(message, channel, reaction.name) },
    },
    emojiNode(reaction.name),
    el("span", null, String(count)),
  );
}

function threadLink(message, channel) {
  const faces = (message.reply_users ?? [])
    .slice(0, 4)
    .map((id) => avatar(id, userName(id), state.users.get(id)?.is_bot));
  const label = message.reply_count === 1 ? "1 reply" : `${message.reply_count} replies`;
  return el("a", { class: "thread-link", href: channelAddress(channel, message.ts) }, faces, el("span", null, label));
}

async function react(message, channel, name) {
  const answer = await post("react", { channel, ts: message.ts, name });
  if (!answer.ok) complain(answer.error);
}

function toolbar(message, channel, inThread) {
  const shortcuts = state.apps.flatMap((app) =>
    (app.shortcuts ?? []).filter((shortcut) => shortcut.type === "message").map((shortcut) => ({ app, shortcut })),
  );
  const items = shortcuts.map(({ app, shortcut }) => ({
    label: shortcut.name,
    description: app.name,
    choose: () => runShortcut(shortcut, { channel, ts: message.ts }),
  }));
  return el(
    "div",
    { class: "message-tools", role: "toolbar", "aria-label": "Message tools" },
    iconButton("smile", "Add reaction", ({ currentTarget }) => chooseReaction(currentTarget, message, channel), {
      "aria-haspopup": "dialog",
    }),
    !inThread &&
      iconButton("reply", "Reply in thread", () => goTo(channelAddress(channel, message.thread_ts ?? message.ts))),
    items.length > 0 &&
      iconButton(
        "bolt",
        "Message shortcuts",
        ({ currentTarget }) => openMenu(currentTarget, items, { label: "Message shortcuts" }),
        { "aria-haspopup": "menu" },
      ),
  );
}

function chooseReaction(anchor, message, channel) {
  const buttons = QUICK_REACTIONS.map((name) =>
    el(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": name,
        on: {
          click: () => {
            close();
            react(message, channel, name);
          },
        },
      },
      emojiNode(name),
    ),
  );
  const close = openPopover(
    anchor,
    el("div", { class: "reaction-picker", role: "dialog", "aria-label": "Reactions" }, buttons),
  );
  buttons[0].focus();
}
