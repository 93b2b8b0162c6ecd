// Sends what people do with elements to the app behind the message or view.

import { post } from "./api.js";
import { complain } from "./notices.js";
import { collectValues } from "./values.js";

/** The `dispatch` of a context: `place` names the message or view, `root` gives the node whose inputs are its state. */
export function actionsIn(place, root) {
  return async (fields) => {
    const answer = await post("action", { ...place, ...fields, state: { values: collectValues(root()) } });
    if (!answer.ok) complain(answer.error ?? "That did not work.");
  };
}

export async function runShortcut(shortcut, place = {}) {
  const answer = await post("shortcut", { callback_id: shortcut.callback_id, ...place });
  if (!answer.ok) complain(answer.error ?? "That shortcut did not work.");
}
