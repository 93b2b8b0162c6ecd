// Asks the workspace over HTTP; every answer is a plain object and a broken line is an answer too.

import { state } from "./state.js";

const SILENCE = { ok: false, error: "The workspace does not answer. Is it still running?" };

export async function get(path, query = {}) {
  const known = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  return answerOf(`/page/${path}?${new URLSearchParams(known)}`);
}

/** Posts as the person this tab stands for. Resolves to {ok: true, …} or {ok: false, error | errors}. */
export async function post(action, body) {
  return answerOf(`/page/${action}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ user: state.me.id, ...body }),
  });
}

async function answerOf(url, options) {
  try {
    const response = await fetch(url, options);
    const answer = await response.json();
    return response.ok || answer.error || answer.errors
      ? answer
      : { ok: false, error: `The workspace answered ${response.status}.` };
  } catch {
    return SILENCE;
  }
}
