// What people have filled in: where an element starts, and the state of a message or view as Slack sends it.
//
// An element's value has the shape it has in `state.values`: {type, value | selected_option | …}.

const readers = new WeakMap();

/** Remembers how to read the value of an input element's node. */
export function readWith(node, read) {
  readers.set(node, read);
  return node;
}

/** {block_id: {action_id: value}} of everything below a node. */
export function collectValues(root) {
  const values = {};
  for (const node of root.querySelectorAll("[data-action-id]")) {
    const read = readers.get(node);
    if (!read) continue;
    (values[node.dataset.blockId] ??= {})[node.dataset.actionId] = read();
  }
  return values;
}

/** Where an element starts: what was there before a re-render, else what the view remembers, else initial_*. */
export function startingValue(element, context) {
  const place = (values) => {
    const value = values?.[context.block.block_id]?.[element.action_id];
    return !value?.type || value.type === element.type ? value : undefined;
  };
  return place(context.carried) ?? filled(place(context.remembered)) ?? initialValue(element, context);
}

function filled(value) {
  if (!value) return undefined;
  return Object.entries(value).some(([key, held]) => key !== "type" && held !== null && held !== undefined)
    ? value
    : undefined;
}

function initialValue(element, context) {
  const here = element.default_to_current_conversation ? context.channel : undefined;
  return {
    type: element.type,
    value: element.initial_value ?? null,
    selected_option: element.initial_option ?? null,
    selected_options: element.initial_options ?? [],
    selected_user: element.initial_user ?? null,
    selected_users: element.initial_users ?? [],
    selected_conversation: element.initial_conversation ?? here ?? null,
    selected_conversations: element.initial_conversations ?? [],
    selected_channel: element.initial_channel ?? null,
    selected_channels: element.initial_channels ?? [],
    selected_date: element.initial_date ?? null,
    selected_time: element.initial_time ?? null,
    selected_date_time: element.initial_date_time ?? null,
  };
}

/** Of the old values, those whose element stands unchanged in the new blocks. */
export function unchangedValues(values, oldBlocks, newBlocks) {
  const before = elementsOf(oldBlocks);
  const after = elementsOf(newBlocks);
  const kept = {};
  for (const [blockId, actions] of Object.entries(values)) {
    for (const [actionId, value] of Object.entries(actions)) {
      const key = JSON.stringify([blockId, actionId]);
      if (before.get(key) === after.get(key)) (kept[blockId] ??= {})[actionId] = value;
    }
  }
  return kept;
}

/** Whether a value says anything: an unfilled required input is refused. */
export function isEmptyValue(value) {
  return Object.entries(value ?? {}).every(
    ([key, held]) =>
      key === "type" ||
      held === null ||
      held === undefined ||
      held === "" ||
      (Array.isArray(held) && held.length === 0),
  );
}

function elementsOf(blocks) {
  const found = new Map();
  for (const block of blocks ?? []) {
    for (const element of [block.element, block.accessory, ...(block.elements ?? [])]) {
      if (element?.action_id) found.set(JSON.stringify([block.block_id, element.action_id]), JSON.stringify(element));
    }
  }
  return found;
}
