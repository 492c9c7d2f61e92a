// One comment in the conversation: drawn from its data and from what this device knows about it.

import type { Comment, Problem } from "./api";
import { readBody } from "./body";
import { fill, h, icon, note, set, twin, type Part } from "./dom";
import * as icons from "./icons";
import { openReport } from "./report";
import type { Thread } from "./thread";
import { Word } from "./words";

export interface View {
  _comment: Comment;
  /** The list item with the comment, and with its replies below. */
  readonly _element: HTMLElement;
  readonly _article: HTMLElement;
  readonly _replies: HTMLElement;
  /** Whom it answers, and in whose list of replies it stands. */
  readonly _parent?: View;
  readonly _host?: View;
  readonly _depth: number;
  _isNew: boolean;
  _isFolded?: boolean;
  /** When its withdrawal will be sent. */
  _leaving?: number;
  /** Sends the withdrawal, in a request that outlives the page. */
  _leave?(): Promise<void>;
  /** Ends what counts down in it. */
  _stop?(): void;
}

const NARROW = 3; // levels that narrow columns draw; from the next on, a reply names whom it answers
const UNDO = 6_000; // milliseconds to think again after a withdrawal
const REMOVED = { moderator: Word.removed_moderator, author: Word.removed_author, review: Word.removed_review };

/** Gives the function that draws a comment of this thread anew; the list is where its comments stand. */
export function drawer(thread: Thread, list: Element, views: Map<number, View>): (view: View) => void {
  const { _ask: ask, _button: button, _emit: emit, _language: language, _root: root, _say: say, _store: store } = thread;

  // A button that one listener for the whole list knows by its name; votes are named by their direction.
  const named = (name: string | number, look: string, ...parts: Part[]) => h(`button.${look}`, { name, type: "button" }, ...parts);
  const acts: Record<string, (view: View, direction: number) => unknown> = {
    fold: (view) => {
      view._isFolded = !view._isFolded;
      draw(view);
    },
    reply: ({ _article: article, _comment: comment }) => thread._compose({ _parent: comment }, article),
    report: (view) =>
      openReport(thread, view._comment, () => {
        draw(view);
        // Where the dialog came from may have been drawn anew since.
        view._article.querySelector<HTMLElement>("[name=report]")?.focus();
      }),
  };

  const draw = (view: View) => {
    const { _article: article, _comment: comment, _isFolded: folded, _isNew: isNew, _leaving: leaving, _replies: replies } = view;
    const { id, name = "…", removed, badge, created_at: datetime, edited_at: edited } = comment;
    const own = store._kept.own[id];
    const at = new Date(datetime);
    const gone = leaving ? say(Word.withdrew) : removed && say(REMOVED[removed]);
    const buttons = () => [...article.querySelectorAll("button")];
    const focused = buttons().indexOf(root.activeElement as HTMLButtonElement);
    view._stop?.();
    article.ariaLabel = gone || name;
    view._element.classList.toggle("folded", !!folded);
    fill(
      article,
      gone
        ? h("span.avatar", icon(icons.minus))
        : h("span.avatar", { "data-hue": hue(name), "aria-hidden": "true" }, initials(name)),
      h(
        "header",
        h(gone ? "span" : "bdi.name", gone || name),
        own && h("span.you", say(Word.you)),
        badge && h("span.badge", badge),
        h("a.when", { href: `#comment-${id}`, title: language._exact(at) }, h("time", { datetime }, language._relative(at))),
        edited && h("span", say(Word.edited)),
        isNew && h("span.new", say(Word.new)),
        replies.firstChild && named("fold", "quiet fold", icon(folded ? icons.plus : icons.minus), {
          title: say(Word.replies_to, name),
          "aria-expanded": `${!folded}`,
        }),
      ),
      ...(leaving ? [undoing(view, leaving)] : removed ? [] : words(view)),
      folded && named("fold", "link", say(Word.show_replies, replies.querySelectorAll(".body").length)),
    );
    buttons()[focused]?.focus();
  };

  const words = (view: View) => {
    const { _comment: { html, id, reason, statement, status }, _depth: depth, _host: host, _parent: parent } = view;
    const own = store._kept.own[id];
    const isRejected = status === "rejected";
    const answered = parent && (parent !== host || depth > NARROW) && parent._comment;
    let outcome: HTMLElement | undefined;
    view._article.classList.toggle("rejected", isRejected);
    if (isRejected) outcome = note(icons.alert, reason || say(Word.rejected), h("details", h("summary", say(Word.decided)), statement?.text), " ", thread._link("rules_url"));
    else if (status !== "published") outcome = note(icons.clock, say(Word.pending), say(Word.only_you), " ", reason);
    else if (own?.waiting) {
      outcome = note(icons.check, say(Word.published), say(Word.approved));
      store._change((kept) => (kept.own[id] = { ...own, waiting: false }));
    }
    return [
      answered &&
        h(
          "p.answers",
          h("span", "↳ ", say(Word.in_reply_to)),
          h("a", { href: `#comment-${answered.id}`, dir: "auto" }, answered.name ?? "…"),
        ),
      outcome,
      h("div.body", { dir: "auto" }, readBody(html)),
      own ? h("div.actions", ...ownActions(view)) : actions(view),
    ];
  };

  // Most comments differ in their score alone: their buttons are copied.
  const actions = ({ _comment: { id, score } }: View) => {
    const { votes } = thread._policy;
    const { reported, votes: given } = store._kept;
    const mine = given[id] ?? 0;
    const vote = (direction: number, picture: string, word: Word) =>
      named(direction, "quiet icon-button", icon(picture), { title: say(word), "aria-pressed": `${mine === direction}` });
    return twin(
      [language._name, score, mine, reported[id], votes, thread._closed] + "",
      () =>
        h(
          "div.actions",
          votes !== "none" && vote(1, icons.up, Word.vote_up),
          votes !== "none" && h(mine ? "span.score on" : "span.score", language._number(score)),
          votes === "both" && vote(-1, icons.down, Word.vote_down),
          reply(),
          h("span.gap"),
          named("report", reported[id] ? "quiet on" : "quiet icon-button", icon(icons.flag), reported[id] ? say(Word.reported) : { title: say(Word.report) }),
        ),
    );
  };

  const reply = () => !thread._closed && named("reply", "quiet", say(Word.reply));

  const ownActions = (view: View): Part[] => {
    const { _article: article, _comment: { id, score, status }, _parent: parent } = view;
    const { body, token, until } = store._kept.own[id]!;
    const isPublished = status === "published";
    if (status === "rejected") {
      const dismiss = () => {
        store._change(({ own }) => (own[id] = { dismissed: true }));
        thread._drop(view);
      };
      return [!thread._closed && button("quiet", () => thread._compose({ _parent: parent?._comment, _words: body }, article), say(Word.again)), button("quiet", dismiss, say(Word.dismiss))];
    }
    const left = h("span");
    const end = Date.parse(until!);
    const edit = token && end > Date.now() && !thread._closed && button("quiet", () => thread._compose({ _edit: { id, token, until: end }, _words: body }, article), say(Word.edit), " ", left);
    if (edit) {
      view._stop = thread._countdown(end, (seconds) => {
        left.textContent = language._duration(seconds);
        if (!seconds) edit.remove();
      });
    }
    return [
      isPublished && thread._policy.votes !== "none" && h("span", say(Word.points, score)),
      isPublished && reply(),
      edit,
      button("quiet", () => withdraw(view), say(Word.withdraw)),
    ];
  };

  const cast = async (view: View, direction: number) => {
    const { id } = view._comment;
    const value = store._kept.votes[id] === direction ? 0 : direction;
    const { score } = await ask<{ score: number }>(`comments/${id}/votes`, { value, author_key: store._key() });
    store._change(({ votes }) => (votes[id] = value));
    view._comment.score = score;
    draw(view);
    emit("vote", { id, value, score });
  };

  // It goes at once from sight, and is sent when the reader has had time to think again.
  const withdraw = (view: View) => {
    view._leaving = Date.now() + UNDO;
    draw(view);
    view._article.querySelector<HTMLElement>(".link")!.focus();
  };

  const undoing = (view: View, end: number) => {
    const { _article: article, _comment: { id, status }, _replies: replies } = view;
    const left = h("span");
    const stay = () => {
      view._leaving = 0;
      draw(view);
      article.focus();
    };
    view._leave = async () => {
      view._stop!();
      view._leaving = 0;
      try {
        await ask(`comments/${id}/withdrawal`, { author_key: store._key() }, { method: "POST", keepalive: true });
        store._change(({ own }) => delete own[id]);
        if (status === "published") thread._count(-1);
        if (status !== "published" || !replies.firstChild) return thread._drop(view);
        view._comment.removed = "author";
        draw(view);
      } catch (problem) {
        stay();
        thread._fail(problem as Problem);
      }
    };
    view._stop = thread._countdown(end, (seconds) => {
      left.textContent = language._duration(seconds);
      if (!seconds) void view._leave!();
    });
    return h("div.actions", button("link", stay, say(Word.undo)), left);
  };

  set(list, "click", ({ target }: Event) => {
    const pressed = (target as Element).closest<HTMLButtonElement>("article [name]");
    const view = views.get(Number(pressed?.closest("article")!.id.slice(8)));
    if (view) thread._press(pressed!, () => (acts[pressed!.name] ?? cast)(view, Number(pressed!.name)));
  });
  return draw;
}

// The first letters of the first and the last word.
function initials(name: string): string {
  const [first = "", ...others] = name.match(/(?<!\S)[\p{L}\p{N}]/gu) ?? [];
  return (first + (others.at(-1) ?? "")).toUpperCase();
}

// Twelve colours: they are rules of the style sheet, since a style attribute would need a looser policy of the page.
function hue(name: string): number {
  return [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) % 9973, 7) % 12;
}
