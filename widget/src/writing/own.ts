// What a reader sees of their own comments: the outcome, the time left to edit, and what they may still do.

import * as icons from "../icons";
import type { Comment } from "../api";
import type { CommentView, Conversation } from "../comment";
import type { Context } from "../context";
import { addressIn } from "./address";
import { note, quiet } from "../context";
import { button, fill, h } from "../dom";
import { since } from "../time";

/** The note above an own comment that waits, was not published, or has just been approved. */
export function ownNote(context: Context, { comment, approved }: CommentView): HTMLElement | null {
  const { say } = context;
  const reason = comment.reason ?? "";
  if (approved) return note(icons.check, say("published"), [say("approved")]);
  if (comment.status === "published") return null;
  if (comment.status !== "rejected") return note(icons.clock, say("pending"), [say("only_you"), " ", reason]);
  const rules = addressIn(context, "rules");
  return note(icons.alert, reason || say("rejected"), [say("decided"), " ", rules && h("a", { href: rules }, say("rules"))], "danger");
}

/** The actions on an own comment. The view's `reply` button is taken only where others can read the comment. */
export function ownActions(
  context: Context,
  conversation: Conversation,
  view: CommentView,
  reply: HTMLElement | false,
): (HTMLElement | false | null)[] {
  const { say, store } = context;
  if (view.comment.status === "rejected") {
    const dismiss = () => {
      store.changeOwn(view.comment.id, { dismissed: true, body: undefined });
      conversation.dropped(view);
    };
    return [!conversation.closed && quiet(say("again"), () => conversation.writeAgain(view)), quiet(say("dismiss"), dismiss)];
  }
  const published = view.comment.status === "published";
  const points = h("span", { class: "score" }, say("points", { n: view.comment.score }));
  const withdraw = quiet(say("withdraw"), () => conversation.withdraw(view));
  return [published && points, published && reply, editButton(context, conversation, view), withdraw];
}

function editButton(context: Context, conversation: Conversation, view: CommentView): HTMLElement | null {
  const { store, clock, say } = context;
  const own = store.own(view.comment.id);
  const end = Date.parse(own?.until ?? "");
  if (!own?.token || !(end > Date.now()) || conversation.closed) return null;
  const left = h("span", { class: "left" });
  const edit = button("quiet", () => conversation.edit(view), say("edit"), " ", left);
  let seen = false;
  const stop = clock.countdown(end, (seconds) => {
    if (seconds < 60) fill(left, say("short_seconds", { n: seconds }));
    else fill(left, say("short_minutes", { n: Math.floor(seconds / 60) }));
    if (!seconds) edit.remove();
    else if (edit.isConnected) seen = true;
    else if (seen) stop(); // the comment has been drawn anew
  });
  return edit;
}

/** This reader's comments of the thread that are not published, as far as they still want to see them. */
export async function mine({ api, store, slug }: Context): Promise<Comment[]> {
  const fields = { author_key: store.authorKey(), slug };
  const told = await api.post<{ comments: Comment[] }>("mine", fields).catch(() => null);
  const kept = (told?.comments ?? []).filter(({ id, status }) => status !== "withdrawn" && !store.own(id)?.dismissed);
  for (const { id, status } of kept) store.changeOwn(id, { waiting: status !== "rejected" });
  return kept;
}

/** Says how many comments are new since the last visit, and leads to the first. */
export function drawNews({ say, language }: Context, place: HTMLElement, fresh: CommentView[], visit: number): void {
  const time = since(new Date(visit), Date.now(), language);
  const inOrder = (a: CommentView, b: CommentView) => (a.element.compareDocumentPosition(b.element) & 4 ? -1 : 1);
  const first = fresh.toSorted(inOrder)[0]!;
  const words = h("span", { class: "muted" }, " ", say("since", { time }));
  const go = button("link", () => first.highlight(), say("go_first"));
  fill(place, h("strong", {}, say("n_new", { n: fresh.length })), words, h("span", { class: "gap" }), go);
}
