// Taking a comment back: it goes at once from sight, and is sent when the reader has had time to think again.

import type { Context } from "../context";
import { quiet } from "../context";
import { fill, h } from "../dom";
import * as icons from "../icons";
import { icon } from "../icons";
import { minutes } from "../time";

export interface Leaving {
  id: number;
  /** Where the words and the button to undo are drawn. */
  place: HTMLElement;
  /** The reader thought again, or the service refused. */
  stay(): void;
  gone(): void;
}

const UNDO = 6_000; // milliseconds to think again

export function withdraw(context: Context, { id, place, stay, gone }: Leaving): void {
  const { clock, say, signal, store, api, announce, emit } = context;
  const left = h("span", { class: "muted" });
  const undo = quiet(say("undo"), () => {
    settle();
    stay();
  });
  const settle = () => {
    stop();
    window.removeEventListener("pagehide", send);
    signal.removeEventListener("abort", send);
  };
  // Leaving the page is no undo: the request is made to outlive it.
  const send = async () => {
    settle();
    undo.remove();
    try {
      await api.post(`comments/${id}/withdrawal`, { author_key: store.authorKey() }, true);
      gone();
    } catch (problem) {
      stay();
      announce(say("withdraw_failed"));
      emit("error", { problem });
    }
  };
  undo.classList.add("strong");
  const words = h("span", { class: "muted", id: `name-${id}` }, say("withdrew"));
  fill(place, h("span", { class: "avatar" }, icon(icons.undo)), h("header", {}, words), h("div", { class: "actions" }, undo, left));
  window.addEventListener("pagehide", send);
  signal.addEventListener("abort", send);
  let stop = () => {};
  stop = clock.countdown(Date.now() + UNDO, (seconds) => {
    fill(left, minutes(seconds));
    if (!seconds) void send();
  });
  announce(say("withdrew"));
  undo.focus();
}
