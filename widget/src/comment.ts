// One comment in the conversation: drawn from its data and from what this device knows about it.

import type { Comment } from "./api";
import type { Context } from "./context";
import { avatar } from "./author";
import type { Writing } from "./writing";
import { iconButton, quiet } from "./context";
import { button, fill, h, set, type Child } from "./dom";
import * as icons from "./icons";
import { icon } from "./icons";
import { readBody } from "./body";
import { exact, relative, short } from "./time";

/** What a comment asks of the conversation around it. */
export interface Conversation {
  readonly closed: boolean;
  /** The part for those who write, once it is here. */
  readonly part: Writing | null;
  reply(view: CommentView): void;
  edit(view: CommentView): void;
  report(view: CommentView): void;
  withdraw(view: CommentView): void;
  writeAgain(view: CommentView): void;
  reveal(id: number): void;
  counted(change: number): void;
  dropped(view: CommentView): void;
}

const REMOVED = { moderator: icons.minus, author: icons.minus, review: icons.clock };

export class CommentView {
  readonly element = h("li");
  readonly article = h("article", { tabindex: "-1", part: "comment" });
  readonly replies = h("ol", { class: "replies", part: "replies" });
  readonly children: CommentView[] = [];
  /** Where a composer opens: between the comment and its replies. */
  readonly desk = h("div");
  isNew = false;
  approved = false;

  private readonly _below = h("div", { class: "below" });
  private readonly _score = h("span", { class: "score" });
  private readonly _votes: HTMLButtonElement[] = [];
  private _toggle: HTMLButtonElement | null = null;
  private _collapsed = false;
  private _leaving = false;

  constructor(
    private readonly _context: Context,
    private readonly _conversation: Conversation,
    public comment: Comment,
    readonly depth: number,
    /** Whom it answers, and in whose list of replies it stands. */
    readonly parent: CommentView | null,
    readonly host: CommentView | null,
  ) {
    set(this.element, "data-depth", depth);
    this.element.append(this.article, this.desk, this.replies, this._below);
    this.article.id = `comment-${comment.id}`;
    this.draw();
  }

  get isOwn(): boolean {
    return !!this._context.store.own(this.comment.id);
  }

  /** Takes newer data; redraws only what changed, so that focus stays where it is. */
  update(comment: Comment): void {
    const before = this.comment;
    this.comment = { ...comment, replies: undefined };
    const same = (key: keyof Comment) => before[key] === comment[key];
    if (!same("revision") || !same("removed") || !same("status") || !same("html")) this.draw();
    else if (!same("score")) this._ownPart ? this.draw() : this._drawVotes();
  }

  addReply(view: CommentView): void {
    this.children.push(view);
    this.replies.append(view.element);
    this._drawToggle();
  }

  dropReply(view: CommentView): void {
    this.children.splice(this.children.indexOf(view), 1);
    this._drawToggle();
  }

  draw(): void {
    this._votes.length = 0;
    const { comment } = this;
    const label = `name-${comment.id}`;
    set(this.article, "aria-labelledby", label);
    if (this._leaving) return;
    if (comment.removed) this._drawRemoved(comment.removed, label);
    else fill(this.article, avatar(comment.name), this._head(label), this._answers(), this._ownPart?.ownNote(this._context, this), this._body(), this._actions());
    this._drawToggle();
  }

  /** Opens what hides it, brings it into view, marks it for a moment and shows the exact time. */
  highlight(): void {
    for (let view = this.host; view; view = view.host) view.collapse(false);
    const time = this.article.querySelector("time")!;
    const at = new Date(time.dateTime);
    set(time, "data-exact", true);
    fill(time, short(at, Date.now(), this._context.language));
    this.article.classList.remove("found");
    this.article.scrollIntoView({ block: "center" });
    this.article.classList.add("found");
    this.article.focus({ preventScroll: true });
  }

  collapse(collapsed: boolean): void {
    this._collapsed = collapsed;
    this._drawToggle();
  }

  /** Lets the root's own line say that more replies are to be had. */
  showMore(more: HTMLElement | null): void {
    fill(this._below, more);
  }

  /** Hands the article over to whoever draws the withdrawal. */
  leave(): void {
    this._leaving = true;
    this._drawToggle();
  }

  stay(): void {
    this._leaving = false;
    this.draw();
    this.article.focus();
  }

  gone(): void {
    this._leaving = false;
    const wasPublished = this.comment.status === "published";
    this._context.store.change((kept) => delete kept.own[this.comment.id]);
    if (wasPublished) this._conversation.counted(-1);
    if (wasPublished && this.children.length) {
      this.comment = { ...this.comment, removed: "author" };
      this.draw();
    } else this._conversation.dropped(this);
  }

  private get _ownPart(): Writing | null {
    return this.isOwn ? this._conversation.part : null;
  }

  private _head(label: string): HTMLElement {
    const { comment, _context: context } = this;
    const { say, language } = context;
    const at = new Date(comment.created_at);
    const time = h("time", { datetime: comment.created_at, title: exact(at, language) }, relative(at, Date.now(), language));
    const here = `#comment-${comment.id}`;
    return h(
      "header",
      {},
      h("bdi", { class: "name", id: label, part: "name" }, comment.name),
      this.isOwn && h("span", { class: "you" }, say("you")),
      comment.badge && h("span", { class: "badge", part: "badge" }, comment.badge),
      h("a", { class: "when", href: here, "data-exact": exact(at, language) }, time),
      comment.edited_at && h("span", { class: "muted" }, say("edited")),
      this.isNew && h("span", { class: "new" }, h("span", {}, say("new"))),
    );
  }

  // From the fifth level on (the third in narrow columns) replies stand flat, so each names whom it answers.
  private _answers(): HTMLElement | null {
    const asked = this.parent;
    if (this.depth < 4 || !asked) return null;
    const { say } = this._context;
    const open = (event: Event) => {
      event.preventDefault();
      this._conversation.reveal(asked.comment.id);
    };
    const link = h("a", { href: `#comment-${asked.comment.id}`, click: open, dir: "auto" }, asked.comment.name ?? "…");
    return h("p", { class: "answers" }, icon(icons.reply), h("span", {}, say("in_reply_to"), " "), link);
  }

  private _body(): HTMLElement {
    const rejected = this.comment.status === "rejected";
    const body = h("div", { class: rejected ? "body muted" : "body", dir: "auto", part: "body" });
    body.append(readBody(this.comment.html));
    return body;
  }

  private _actions(): HTMLElement {
    const { _context: context, _conversation: conversation } = this;
    const { say } = context;
    const actions = h("div", { class: "actions", part: "actions" });
    const reply = !conversation.closed && quiet(say("reply"), () => conversation.reply(this));
    const part = this._ownPart;
    if (part) fill(actions, ...part.ownActions(context, conversation, this, reply));
    else fill(actions, ...this._publicActions(reply));
    this._drawVotes();
    return actions;
  }

  private _publicActions(reply: HTMLElement | false): Child[] {
    const { say, store } = this._context;
    this._votes.push(
      iconButton(icons.up, say("vote_up"), () => this._vote(1)),
      iconButton(icons.down, say("vote_down"), () => this._vote(-1)),
    );
    const link = iconButton(icons.link, say("copy_link"), () => this._copyLink());
    const flag = iconButton(icons.flag, say("report"), () => this._conversation.report(this));
    if (store.kept.reported[this.comment.id]) {
      flag.append(h("span", {}, say("reported")));
      set(flag, "aria-label", null);
    }
    return [this._votes[0], this._score, this._votes[1], reply, h("span", { class: "gap" }), link, flag];
  }

  private _drawVotes(): void {
    const { store, language } = this._context;
    const mine = store.kept.votes[this.comment.id] ?? 0;
    const score = this.comment.score ?? 0;
    fill(this._score, language.number(score));
    this._score.classList.toggle("voted", !!mine);
    this._votes.forEach((vote, index) => set(vote, "aria-pressed", String(mine === (index ? -1 : 1))));
  }

  private async _vote(direction: number): Promise<void> {
    const { store, api, say, announce, emit } = this._context;
    const { id, score } = this.comment;
    const before = store.kept.votes[id] ?? 0;
    const value = before === direction ? 0 : direction;
    const settle = (vote: number, points: number) => {
      store.change((kept) => {
        if (vote) kept.votes[id] = vote;
        else delete kept.votes[id];
      });
      this.comment.score = points;
      this._drawVotes();
    };
    const author_key = store.authorKey();
    settle(value, score + value - before);
    try {
      const told = await api.post<{ score: number; value: number }>(`comments/${id}/votes`, { value, author_key });
      settle(value, told.score);
      emit("vote", { id, value, score: told.score });
    } catch (problem) {
      settle(before, score);
      announce(say("vote_failed"));
      emit("error", { problem });
    }
  }

  private _copyLink(): void {
    const { announce, say } = this._context;
    location.hash = `comment-${this.comment.id}`;
    navigator.clipboard?.writeText(location.href).then(
      () => announce(say("link_copied")),
      () => {}, // the address bar shows it too
    );
  }

  private _drawRemoved(by: keyof typeof REMOVED, label: string): void {
    const { say, language } = this._context;
    const at = new Date(this.comment.created_at);
    const time = h("time", { datetime: this.comment.created_at, title: exact(at, language) }, relative(at, Date.now(), language));
    const words = h("span", { class: "muted", id: label }, say(`removed_${by}`));
    const header = h("header", {}, words, h("span", { class: "when" }, time));
    fill(this.article, h("span", { class: "avatar" }, icon(REMOVED[by])), header);
  }

  private _drawToggle(): void {
    const many = this.children.length;
    const { say } = this._context;
    const header = this.article.querySelector("header");
    this.replies.hidden = !many || this._collapsed;
    this._below.hidden = this._collapsed && !!many;
    this._toggle?.remove();
    this.element.querySelector(":scope > .unfold")?.remove();
    if (!many || !header || this._leaving) return;
    const name = this.comment.name ?? "";
    const flip = () => {
      this.collapse(!this._collapsed);
      this._toggle?.focus();
    };
    this._toggle = iconButton(this._collapsed ? icons.plus : icons.minus, say(this._collapsed ? "expand" : "collapse", { name }), flip);
    set(this._toggle, "aria-expanded", this._collapsed ? "false" : "true");
    header.append(this._toggle);
    if (this._collapsed) this.element.append(button("unfold link", flip, say("show_replies", { n: this._descendants })));
  }

  private get _descendants(): number {
    return this.comment.replies_total ?? this.children.reduce((sum, child) => sum + 1 + child._descendants, 0);
  }
}
