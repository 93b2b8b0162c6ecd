// The "are you sure" dialog of an element.

import { el } from "./dom.js";
import { plainText, textObject, flatText } from "./mrkdwn.js";

/** Resolves to whether the person went ahead. */
export function confirmed(confirm) {
  return new Promise((resolve) => {
    const style = confirm.style === "danger" ? "danger" : "primary";
    const yes = el(
      "button",
      { type: "button", class: `button ${style}` },
      ...plainText(confirm.confirm?.text ?? "Yes"),
    );
    const no = el("button", { type: "button", class: "button" }, ...plainText(confirm.deny?.text ?? "Cancel"));
    const title = confirm.title?.text ?? "Are you sure?";
    const dialog = el(
      "dialog",
      { class: "dialog confirm", role: "alertdialog", "aria-label": flatText(title) },
      el("h2", null, ...plainText(title)),
      confirm.text && el("div", { class: "confirm-text" }, ...textObject(confirm.text)),
      el("div", { class: "dialog-buttons" }, no, yes),
    );
    let answer = false;
    yes.addEventListener("click", () => {
      answer = true;
      dialog.close();
    });
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(answer);
    });
    document.body.append(dialog);
    dialog.showModal();
    (style === "danger" ? no : yes).focus();
  });
}
