// What a select offers: its own options, people, channels, or what the app answers when asked.

import { post } from "./api.js";
import { flatText } from "./mrkdwn.js";
import { channelName, pickableUsers, userName } from "./people.js";
import { state } from "./state.js";

/** {key, many, groups: [{label, choices: [{id, label, description, chosen}]}]}: `chosen` is what Slack is told. */
export function choicesOf(element) {
  const kind = element.type.replace(/^multi_/, "");
  if (kind === "users_select") return { key: "selected_user", groups: [{ choices: people() }] };
  if (kind === "channels_select") return { key: "selected_channel", groups: [{ choices: channels(["public"]) }] };
  if (kind === "conversations_select") {
    return {
      key: "selected_conversation",
      groups: [{ choices: channels(element.filter?.include ?? ["public", "private", "im"]) }],
    };
  }
  return { key: "selected_option", groups: optionGroups(element) };
}

/** What an external select's app offers for the typed text. */
export async function askedChoices(element, context, text) {
  const answer = await post("option", {
    ...context.place,
    block_id: context.block.block_id,
    action_id: element.action_id,
    value: text,
  });
  return optionGroups(answer);
}

export function chosenId(chosen) {
  return typeof chosen === "object" ? chosen.value : chosen;
}

/** The words for something chosen, also when the present choices do not hold it. */
export function chosenLabel(chosen) {
  if (typeof chosen === "object") return flatText(chosen.text.text);
  const channel = state.channels.get(chosen);
  return channel ? channelLabel(channel) : userName(chosen);
}

function optionGroups({ options, option_groups: groups }) {
  if (groups)
    return groups.map((group) => ({ label: flatText(group.label.text), choices: group.options.map(optionChoice) }));
  return [{ choices: (options ?? []).map(optionChoice) }];
}

function optionChoice(option) {
  return {
    id: option.value,
    label: flatText(option.text.text),
    description: option.description && flatText(option.description.text),
    chosen: option,
  };
}

function people() {
  return pickableUsers({ withApps: true }).map((user) => ({ id: user.id, label: userName(user.id), chosen: user.id }));
}

const KINDS = { channel: "public", private: "private", im: "im" };

function channels(kinds) {
  return [...state.channels.values()]
    .filter((channel) => kinds.includes(KINDS[channel.kind]) && !channel.is_archived)
    .map((channel) => ({ id: channel.id, label: channelLabel(channel), chosen: channel.id }))
    .sort((a, b) => a.label.localeCompare(b.label));
}

function channelLabel(channel) {
  return channel.kind === "im" ? channelName(channel) : `#${channelName(channel)}`;
}
