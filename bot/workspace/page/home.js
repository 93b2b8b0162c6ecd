// An app's Home tab.

import { actionsIn } from "./actions.js";
import { post } from "./api.js";
import { renderBlocks } from "./blocks.js";
import { el } from "./dom.js";
import { complain } from "./notices.js";
import { listen, setHome, state } from "./state.js";
import { collectValues } from "./values.js";

/** {node, show(app)}; showing it tells the app that its Home was opened. */
export function createHome() {
  const node = el("div", { class: "home scroller", tabindex: "-1" });
  const home = { node, app: null, body: null, drawn: null };
  listen("home", (app) => app === home.app && draw(home));
  return {
    node,
    show: async (app) => {
      if (home.app !== app) Object.assign(home, { app, body: null, drawn: null });
      draw(home);
      const answer = await post("open_home", { app });
      if (answer.ok === false) complain(answer.error);
      else if (answer.view) setHome(app, answer.view);
    },
  };
}

function draw(home) {
  const view = state.homes.get(home.app);
  const signature = JSON.stringify([view?.id, view?.blocks]);
  if (signature === home.drawn) return;
  home.drawn = signature;
  if (!view) return home.node.replaceChildren(el("p", { class: "loading" }, "This Home is still empty."));
  const carried = home.body ? collectValues(home.body) : undefined;
  const place = { in: "view", view_id: view.id };
  const context = { where: "view", place, carried, remembered: view.state?.values };
  home.body = renderBlocks(view.blocks, { ...context, dispatch: actionsIn(place, () => home.body) });
  const { scrollTop } = home.node;
  home.node.replaceChildren(home.body);
  home.node.scrollTop = scrollTop;
}
