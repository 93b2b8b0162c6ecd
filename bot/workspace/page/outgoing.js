// What somebody typed, as Slack stores it: entities escaped, @names, #channels and addresses as references.

import { pickableUsers } from "./people.js";
import { state } from "./state.js";

const BROADCASTS = new Set(["here", "channel", "everyone"]);

/** Code between backticks is escaped and otherwise left alone. */
export function typedToSlack(text) {
  return text
    .split(/(```[\s\S]*?```|`[^`\n]*`)/g)
    .map((piece) => (piece.startsWith("`") ? escapeEntities(piece) : withReferences(escapeEntities(piece))))
    .join("");
}

function escapeEntities(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function withReferences(text) {
  const people = new Map();
  for (const user of pickableUsers({ withApps: true })) {
    for (const name of [user.real_name, user.name]) if (name) people.set(name.toLowerCase(), user.id);
  }
  const names = [...people.keys(), ...BROADCASTS].sort((a, b) => b.length - a.length).map((name) => RegExp.escape?.(name) ?? name.replace(/\W/g, "\\$&"));
  const mention = new RegExp(`(?<![\\w@])@(${names.join("|")})(?![\\w])`, "giu");
  return text
    .replace(/https?:\/\/[^\s<>]*[^\s<>.,;:!?)'"\]]/g, (address) => `<${address}>`)
    .replace(mention, (whole, name) => {
      const id = people.get(name.toLowerCase());
      if (id) return `<@${id}>`;
      return BROADCASTS.has(name) ? `<!${name}>` : whole;
    })
    .replace(/(?<![\w#&])#([\p{L}\d_-]+)/gu, channelReference);
}

function channelReference(whole, name) {
  const channel = [...state.channels.values()].find((each) => each.kind !== "im" && each.name === name);
  return channel ? `<#${channel.id}|${channel.name}>` : whole;
}
