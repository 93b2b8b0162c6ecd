// Suggestions above a text field: commands and their words from the workspace, people, channels and emoji.

import { get } from "./api.js";
import { el, reconcile } from "./dom.js";
import { emojiNames, emojiNode } from "./emoji.js";
import { pickableUsers, userName } from "./people.js";
import { state } from "./state.js";

const MOST = 8;
let lists = 0;

/** {list, takesKey(event), close()}: put `list` next to the field and offer each keydown to takesKey first. */
export function createCompletion(field) {
  lists += 1;
  const list = el("div", {
    class: "completions",
    role: "listbox",
    id: `completions-${lists}`,
    "aria-label": "Suggestions",
    hidden: true,
  });
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-autocomplete", "list");
  const box = { field, list, items: [], text: "", at: 0, moved: false, asked: 0 };
  field.addEventListener("input", () => refresh(box));
  field.addEventListener("blur", () => close(box));
  return { list, takesKey: (event) => takesKey(box, event), close: () => close(box) };
}

async function refresh(box) {
  box.asked += 1;
  const turn = box.asked;
  const text = box.field.value;
  const items = await suggestions(text, box.field.selectionStart);
  if (turn !== box.asked) return;
  Object.assign(box, { items, text, at: 0, moved: false });
  draw(box);
}

function close(box) {
  box.asked += 1;
  box.items = [];
  draw(box);
}

function draw(box) {
  const { field, list, items, at } = box;
  list.hidden = items.length === 0;
  const nodes = items.map((item, index) =>
    el(
      "div",
      {
        role: "option",
        id: `${list.id}-${index}`,
        class: "completion",
        "aria-selected": String(index === at),
        on: {
          // Not "click": by then the field would have lost the focus and closed the list.
          pointerdown: (event) => {
            event.preventDefault();
            choose(box, item);
          },
        },
      },
      item.node,
      el("strong", null, item.label),
      item.description && el("span", null, item.description),
    ),
  );
  reconcile(list, nodes);
  if (items.length > 0) field.setAttribute("aria-activedescendant", `${list.id}-${at}`);
  else field.removeAttribute("aria-activedescendant");
  nodes[at]?.scrollIntoView({ block: "nearest" });
}

/**
 * True when the key was for the list. Enter on a word that is already complete is not: it sends. Nor is a key
 * of who types faster than suggestions come: what is shown then is for an earlier text.
 */
function takesKey(box, event) {
  if (box.items.length === 0 || box.text !== box.field.value || event.isComposing) return false;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    box.at = (box.at + step + box.items.length) % box.items.length;
    box.moved = true;
    draw(box);
  } else if (event.key === "Escape") {
    close(box);
  } else if ((event.key === "Enter" && !event.shiftKey) || (event.key === "Tab" && !event.shiftKey)) {
    if (event.key === "Enter" && !box.moved && box.items.some((item) => isThere(box, item))) {
      close(box);
      return false;
    }
    choose(box, box.items[box.at]);
  } else {
    return false;
  }
  event.preventDefault();
  return true;
}

function isThere(box, item) {
  return box.field.value.slice(item.from, item.to).trim() === item.insert.trim();
}

function choose(box, item) {
  box.field.setRangeText(item.insert, item.from, item.to, "end");
  box.field.dispatchEvent(new Event("input", { bubbles: true }));
}

async function suggestions(text, caret) {
  if (text.startsWith("/")) return caret === text.length ? commandSuggestions(text) : [];
  const word = text.slice(0, caret).match(/(?:^|[\s(])([@#:])([\p{L}\d_.+-]*)$/u);
  if (!word) return [];
  const [, sign, typed] = word;
  const from = caret - typed.length - 1;
  return LOCAL[sign](typed.toLowerCase())
    .slice(0, MOST)
    .map((item) => ({ ...item, from, to: caret }));
}

const LOCAL = {
  "@": (typed) =>
    pickableUsers({ withApps: true })
      .filter((user) => user.name.toLowerCase().startsWith(typed) || userName(user.id).toLowerCase().includes(typed))
      .map((user) => ({ insert: `@${user.name} `, label: `@${user.name}`, description: userName(user.id) })),
  "#": (typed) =>
    [...state.channels.values()]
      .filter((channel) => channel.kind !== "im" && channel.name.includes(typed))
      .map((channel) => ({ insert: `#${channel.name} `, label: `#${channel.name}`, description: channel.topic })),
  ":": (typed) =>
    typed.length < 2
      ? []
      : emojiNames()
          .filter((name) => name.includes(typed))
          .sort((a, b) => Number(b.startsWith(typed)) - Number(a.startsWith(typed)))
          .map((name) => ({ insert: `:${name}: `, label: `:${name}:`, node: emojiNode(name) })),
};

/** The workspace answers with whole commands or with the word at the end; both replace the right part. */
async function commandSuggestions(text) {
  const { items = [] } = await get("completions", { user: state.me.id, text });
  const word = text.lastIndexOf(" ") + 1;
  return items.map((item) => ({
    insert: `${item.text.trimEnd()} `,
    label: item.text,
    description: item.description,
    from: item.text.startsWith("/") ? 0 : word,
    to: text.length,
  }));
}
