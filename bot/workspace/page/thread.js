// The right-hand panel with one thread.

import { createComposer } from "./composer.js";
import { el, iconButton } from "./dom.js";
import { channelName } from "./people.js";
import { channelAddress, goTo } from "./route.js";
import { state } from "./state.js";
import { createTimeline } from "./timeline.js";

/** {show(route)}: opens, changes or closes the panel as the address says. */
export function createThread() {
  const panel = document.getElementById("thread");
  const timeline = createTimeline({ inThread: true });
  const composer = createComposer({ label: "Reply" });
  const place = el("span", { class: "topic" });
  const close = iconButton("close", "Close thread", () => goTo(channelAddress(shown.channel)));
  let shown = {};
  panel.append(el("header", { class: "bar" }, el("h2", null, "Thread"), place, close), timeline.node, composer.node);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && !event.target.closest("[popover]"))
      goTo(channelAddress(shown.channel));
  });
  return {
    show: ({ channel, thread }) => {
      const wasOpen = !panel.hidden && shown.thread === thread;
      panel.hidden = !thread;
      document.body.classList.toggle("thread-open", Boolean(thread));
      shown = { channel, thread };
      if (!thread) return;
      place.textContent = channelName(state.channels.get(channel));
      timeline.show(channel, thread, { label: "Thread" });
      composer.moveTo({ channel, thread_ts: thread }, "Reply …");
      composer.node.hidden = state.channels.get(channel).is_archived || !state.channels.get(channel).is_member;
      if (!wasOpen && matchMedia("(min-width: 760px)").matches) composer.focus();
    },
  };
}
