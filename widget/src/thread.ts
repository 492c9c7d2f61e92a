// The comments of one article: loads them, keeps them in step with the service, and opens what readers write in.

import type { Comment, Page, Posted, Replies, Thread } from "./api";
import type { Context } from "./context";
import type { Conversation } from "./comment";
import { Problem } from "./api";
import { CommentView } from "./comment";
import type { Composer, Task } from "./writing/composer";
import { writing, type Writing } from "./writing";
import { note, quiet } from "./context";
import { button, fill, h, set } from "./dom";
import * as icons from "./icons";
import { icon } from "./icons";
import { relative } from "./time";
import { readBody } from "./body";

export type Sort = "newest" | "oldest" | "best";
const SORTS: Sort[] = ["newest", "oldest", "best"];
const DEPTH = 5; // levels drawn; the style sheet draws three of them in narrow columns
const RETRY = 20; // seconds after a failed load
const LOOK = 30_000; // milliseconds between looks for news, and as much again by chance
const FAR = 30; // pages of replies that a permalink may ask for

export class ThreadView implements Conversation {
  private readonly _title = h("h2", { part: "heading", id: "heading" });
  private readonly _sortBox = h("div", { class: "sort" });
  private readonly _opener = h("div", { class: "opener" });
  private readonly _notice = h("div", { class: "notice" });
  private readonly _pill = h("div", { class: "pill-place" });
  private readonly _list = h("ol", { class: "list", part: "list" });
  private readonly _more = h("div", { class: "more" });
  private readonly _views = new Map<number, CommentView>();
  part: Writing | null = null;
  private _thread: Thread | null = null;
  private _next: string | null = null;
  private _composer: Composer | null = null;
  private _nextLook = Infinity;
  private _load = 0;
  private _stopRetry = () => {};
  private _visit: number | null = null;

  constructor(
    private readonly _context: Context,
    private _sort: Sort,
  ) {
    const head = h("div", { class: "head" }, this._title, this._sortBox);
    this._skeleton();
    const section = h("section", { "aria-labelledby": "heading", part: "thread" });
    section.append(head, this._opener, this._notice, this._pill, this._list, this._more);
    _context.root.append(section);
    let ticks = 0;
    _context.clock.every(() => {
      if (!(++ticks % 20)) this._tick();
      if (!document.hidden && Date.now() > this._nextLook) void this._look();
    });
    window.addEventListener("hashchange", () => this._follow(), { signal: _context.signal });
  }

  get closed(): boolean {
    const { mode, closes_at } = this._thread!;
    return mode === "closed" || (!!closes_at && Date.parse(closes_at) <= Date.now());
  }

  /** Loads the first page and draws it; an error becomes a notice and an event, never an exception. */
  async load(): Promise<void> {
    const { api, slug, emit, store } = this._context;
    const load = ++this._load;
    this._stopRetry();
    set(this._list, "aria-busy", "true");
    try {
      const knows = !!store.kept.key;
      const asked = api.get<Page>("comments", { slug, sort: this._sort });
      const [page] = await Promise.all([asked, knows && this._participate()]);
      if (load !== this._load) return;
      const first = !this._thread;
      if (first) this._visit = store.visit(slug, Date.now());
      this._draw(page);
      if (knows && this.part) await this._drawMine(this.part);
      if (first) {
        emit("ready", { slug });
        await this._follow();
      }
    } catch (problem) {
      if (problem instanceof Problem && load === this._load) this._failed(problem);
    } finally {
      set(this._list, "aria-busy", null);
    }
  }

  reply(view: CommentView): void {
    const { id, name } = view.comment;
    void this._compose(view, { parent: { id, name } });
  }

  edit(view: CommentView): void {
    const own = this._context.store.own(view.comment.id)!;
    const body = own.body ?? readBody(view.comment.html).textContent!;
    const edit = { id: view.comment.id, body, token: own.token!, until: Date.parse(own.until!) };
    void this._compose(view, { edit });
  }

  async report(view: CommentView): Promise<void> {
    const { store } = this._context;
    const part = await this._participate();
    part?.openReport(this._context, view.comment, () => {
      store.change((kept) => (kept.reported[view.comment.id] = 1));
      view.draw();
    });
  }

  async withdraw(view: CommentView): Promise<void> {
    const part = await this._participate();
    if (!part) return;
    view.leave();
    part.withdraw(this._context, {
      id: view.comment.id,
      place: view.article,
      stay: () => view.stay(),
      gone: () => view.gone(),
    });
  }

  async writeAgain(view: CommentView): Promise<void> {
    const body = this._context.store.own(view.comment.id)?.body ?? readBody(view.comment.html).textContent!;
    const parent = view.parent?.comment;
    await this._compose(view, parent ? { parent: { id: parent.id, name: parent.name } } : {});
    this._composer?.suggest(body);
  }

  /** Brings a comment into view, loading what is needed. */
  async reveal(id: number): Promise<void> {
    const { announce, say } = this._context;
    try {
      if (!this._views.has(id)) await this._fetch(id);
      const view = this._views.get(id);
      if (view) view.highlight();
      else announce(say("gone"));
    } catch (problem) {
      if (problem instanceof Problem) announce(problem.status === 404 ? say("gone") : say("away"));
    }
  }

  counted(change: number): void {
    this._count(this._thread!.count + change);
  }

  dropped(view: CommentView): void {
    this._views.delete(view.comment.id);
    view.element.remove();
    view.host?.dropReply(view);
    this._drawEmpty();
    (view.parent?.article ?? this._opener.querySelector("button"))?.focus();
  }

  private async _participate(): Promise<Writing | null> {
    return (this.part ??= await writing(this._context));
  }

  private _draw(page: Page): void {
    this._composer?.close();
    this._views.clear();
    fill(this._list);
    fill(this._pill);
    this._take(page.thread);
    for (const root of page.comments) this._place(root);
    this._end(page.next);
    this._drawNews();
    this._drawEmpty();
    this._scheduleLook();
    this._context.emit("load", { slug: page.thread.slug, count: page.thread.count, sort: this._sort });
  }

  private _take(thread: Thread): void {
    const closed = this._thread && this.closed;
    const known = this._thread;
    this._thread = thread;
    this._count(thread.count);
    if (!known || closed !== this.closed || known.mode !== thread.mode) this._drawOpener();
    if (!known) this._drawSort();
  }

  private _count(count: number): void {
    const { say, language, emit, slug } = this._context;
    const changed = this._title.dataset["n"] !== String(count);
    this._thread!.count = count;
    this._title.dataset["n"] = String(count);
    fill(this._title, say("comments"), " ", h("span", { class: "count" }, `(${language.number(count)})`));
    if (changed) emit("count", { slug, count });
  }

  private _drawSort(): void {
    const { say } = this._context;
    const choices = SORTS.map((sort) => h("option", { value: sort, selected: sort === this._sort }, say(sort)));
    const select = h("select", { id: "sort", change: () => this._sortBy(select.value as Sort) }, ...choices);
    fill(this._sortBox, h("label", { for: "sort" }, say("sort_by")), select, icon(icons.unfold));
  }

  private _sortBy(sort: Sort): void {
    this._sort = sort;
    void this.load();
  }

  private _drawOpener(): void {
    const { say, language } = this._context;
    if (this.closed) {
      const at = this._thread!.closes_at;
      const date = at && language.date(new Date(at), { day: "numeric", month: "long" });
      const words = date && Date.parse(at) <= Date.now() ? say("closed_on", { date }) : say("closed");
      return fill(this._opener, h("p", { class: "aside" }, icon(icons.lock), h("span", {}, words)));
    }
    const open = button("line", () => void this._compose(null, {}), h("span", { class: "muted" }, say("leave")));
    set(open, "part", "opener");
    const read = this._thread?.mode === "premoderated";
    fill(this._opener, open, read && h("p", { class: "aside small" }, icon(icons.clock), h("span", {}, say("read_first"))));
  }

  private async _compose(view: CommentView | null, task: Pick<Task, "parent" | "edit">): Promise<void> {
    const part = await this._participate();
    if (!part) return;
    this._composer?.close();
    const desk = view?.desk ?? this._opener;
    const line = [...desk.children];
    const composer = new part.Composer(this._context, {
      ...task,
      posted: (answer) => this._posted(answer, !!task.edit),
      closed: () => {
        this._composer = null;
        fill(desk, ...line);
        view?.element.classList.remove("editing");
        const opener = (view?.article ?? desk).querySelector<HTMLElement>(".quiet,.line");
        opener?.focus({ preventScroll: true });
      },
    });
    this._composer = composer;
    fill(desk, composer.element);
    view?.element.classList.toggle("editing", !!task.edit);
    composer.focus();
  }

  private _posted({ comment, reason }: Posted, edited: boolean): void {
    const { say, announce, emit } = this._context;
    comment.reason = reason;
    const published = comment.status === "published";
    const known = this._views.get(comment.id);
    if (!known && published) this.counted(1);
    const view = this._place(comment, true);
    view.draw();
    this._drawEmpty();
    view.article.scrollIntoView({ block: "nearest" });
    view.article.focus({ preventScroll: true });
    announce(published ? say("posted") : `${say("pending")}. ${say("only_you")}`);
    emit("post", { comment, edited });
  }

  // Draws a comment and its replies, or brings what is drawn up to date. Parents come before their replies.
  private _place(comment: Comment, first = false): CommentView {
    const known = this._views.get(comment.id);
    const parent = comment.parent == null ? null : (this._views.get(comment.parent) ?? null);
    let view = known;
    if (view) view.update(comment);
    else {
      // Past the last level replies stand flat, in the list of the comment on that level.
      const host = parent && parent.depth > DEPTH ? parent.host : parent;
      view = new CommentView(this._context, this, comment, (host?.depth ?? 0) + 1, parent, host);
      this._views.set(comment.id, view);
      this._mark(view);
      if (host) host.addReply(view);
      else this._list[first ? "prepend" : "append"](view.element);
    }
    for (const reply of comment.replies ?? []) this._place(reply);
    if (comment.replies) this._offerReplies(view, comment.replies_next ?? null, comment.replies_total ?? 0);
    return view;
  }

  private _mark(view: CommentView): void {
    const { store } = this._context;
    const { comment } = view;
    const own = store.own(comment.id);
    view.isNew = !own && !comment.removed && this._visit != null && Date.parse(comment.created_at) > this._visit;
    view.approved = !!own?.waiting && comment.status === "published" && comment.revision != null;
    if (view.approved) store.changeOwn(comment.id, { waiting: false });
    if (view.isNew || view.approved) view.draw();
  }

  private _offerReplies(view: CommentView, cursor: string | null, total: number): void {
    const left = total - this._shownBelow(view);
    if (!cursor || left <= 0) return view.showMore(null);
    const words = this._context.say("more_replies", { n: left });
    const more = button("link", () => void this._moreReplies(view, cursor, more), icon(icons.reply), words);
    view.showMore(more);
  }

  private _shownBelow(view: CommentView): number {
    return view.children.reduce(
      (sum, child) => sum + (child.comment.status === "published" && !child.comment.removed ? 1 : 0) + this._shownBelow(child),
      0,
    );
  }

  private async _moreReplies(view: CommentView, cursor: string, more: HTMLButtonElement): Promise<string | null> {
    const { api, announce, say } = this._context;
    set(more, "aria-busy", "true");
    try {
      const got = await api.get<Replies>(`comments/${view.comment.id}/replies`, { cursor });
      const before = this._views.size;
      const fresh = got.comments.filter((reply) => !this._views.has(reply.id)).map((reply) => this._place(reply));
      this._offerReplies(view, got.next, view.comment.replies_total ?? 0);
      announce(say("n_new_comments", { n: this._views.size - before }));
      if (more.matches(":focus") || !more.isConnected) fresh[0]?.article.focus({ preventScroll: true });
      return got.next;
    } catch (problem) {
      if (problem instanceof Problem) this._trouble(problem);
      return null;
    } finally {
      set(more, "aria-busy", null);
    }
  }

  private _end(next: string | null): void {
    const { say } = this._context;
    this._next = next;
    const more = button("outline wide", () => void this._moreRoots(more), say("more"));
    set(more, "part", "more");
    fill(this._more, next && more);
  }

  private async _moreRoots(more: HTMLButtonElement): Promise<void> {
    const { api, slug, say } = this._context;
    if (more.getAttribute("aria-busy")) return;
    set(more, "aria-busy", "true");
    fill(more, say("loading"));
    try {
      const page = await api.get<Page>("comments", { slug, sort: this._sort, cursor: this._next });
      const fresh = page.comments.filter((root) => !this._views.has(root.id)).map((root) => this._place(root));
      this._end(page.next);
      fresh[0]?.article.focus({ preventScroll: true });
    } catch (problem) {
      this._end(this._next);
      if (problem instanceof Problem) this._trouble(problem);
    }
  }

  // What this reader wrote and only they may see: waiting, or not published.
  private async _drawMine(part: Writing): Promise<void> {
    for (const comment of await part.mine(this._context)) {
      if (!comment.parent || this._views.has(comment.parent)) this._place(comment, true);
    }
    this._drawEmpty();
  }

  private _drawNews(): void {
    const fresh = [...this._views.values()].filter((view) => view.isNew);
    fill(this._notice);
    if (fresh.length) this.part?.drawNews(this._context, this._notice, fresh, this._visit!);
  }

  private _drawEmpty(): void {
    const { say } = this._context;
    const empty = this._list.querySelector(":scope > .empty");
    if (this._views.size) empty?.remove();
    else if (!empty) {
      const more = !this.closed && h("p", { class: "muted" }, say("none_more"));
      this._list.append(h("li", { class: "empty" }, h("strong", {}, say("none")), more));
    }
  }

  private _skeleton(): void {
    const { say } = this._context;
    fill(this._title, say("comments"));
    const line = h("div", { class: "line muted", "aria-hidden": "true" }, say("leave"));
    fill(this._opener, line);
    const bar = (width: string) => h("span", { class: "bar " + width });
    const row = () =>
      h("li", { class: "waiting", "aria-hidden": "true" }, h("span", { class: "avatar" }), h("div", {}, bar(""), bar("b"), bar("c")));
    fill(this._list, row(), row(), row());
  }

  private _failed(problem: Problem): void {
    const { say, clock, service, site, slug, emit } = this._context;
    emit("error", { problem });
    if (this._thread) return this._trouble(problem);
    const retry = problem.passing || problem.status === 429;
    const more = h("p", { class: "muted" }, problem.detail);
    const now = button("outline", () => this._again(), say("try_now"));
    const page = `${service}/sites/${encodeURIComponent(site)}/thread?slug=${encodeURIComponent(slug)}`;
    const link = retry && h("p", {}, h("a", { href: page, class: "plain" }, say("own_page")));
    fill(this._opener);
    fill(this._list, h("li", { class: "failed" }, h("strong", {}, say("failed")), more, retry && now, link));
    if (!retry) return;
    this._stopRetry = clock.countdown(Date.now() + (problem.wait || RETRY) * 1000, (n) => {
      fill(more, say("failed_more", { time: say("left_seconds", { n }) }));
      if (!n) this._again();
    });
  }

  private _again(): void {
    this._skeleton();
    void this.load();
  }

  private _trouble(problem: Problem): void {
    const { say, announce, emit } = this._context;
    const words = problem.passing ? say("away") : problem.detail;
    announce(words);
    emit("error", { problem });
    const gone = quiet(say("dismiss"), () => fill(this._pill));
    fill(this._pill, note(icons.alert, say("failed"), [words, " ", gone]));
  }

  private _scheduleLook(): void {
    this._nextLook = Date.now() + LOOK * (1 + Math.random());
  }

  private async _look(): Promise<void> {
    const { api, slug, say, announce } = this._context;
    this._nextLook = Infinity;
    try {
      const page = await api.get<Page>("comments", { slug, sort: this._sort }, true);
      const fresh = page.thread.count - this._thread!.count;
      const count = this._thread!.count;
      this._take({ ...page.thread, count });
      this._refresh(page.comments);
      if (fresh > 0) {
        const words = say("n_new_comments", { n: fresh });
        fill(this._pill, button("pill", () => this._showNew(page), icon(icons.arrow), words));
        announce(words);
      } else this._count(page.thread.count);
    } catch {
      // The next look may find the service again; nothing on the page depends on this one.
    }
    this._scheduleLook();
  }

  private _refresh(comments: Comment[]): void {
    for (const comment of comments) {
      const known = this._views.get(comment.id);
      if (known && !this._composer?.element.contains(known.element)) known.update(comment);
      this._refresh(comment.replies ?? []);
    }
  }

  private _showNew(page: Page): void {
    fill(this._pill);
    if (this._sort !== "newest") {
      this._sortBox.querySelector("select")!.value = "newest";
      return this._sortBy("newest");
    }
    this._take(page.thread);
    const known = new Set(this._views.keys());
    for (const root of page.comments.toReversed()) this._place(root, true);
    this._drawEmpty();
    const fresh = [...this._views.values()].filter((view) => !known.has(view.comment.id));
    for (const view of fresh) {
      view.isNew = !view.isOwn;
      view.draw();
    }
    fresh.at(-1)?.highlight();
  }

  private async _follow(): Promise<void> {
    const id = Number(/^#comment-(\d+)$/.exec(location.hash)?.[1]);
    if (id && this._thread) await this.reveal(id);
  }

  // A permalink may point beyond what is drawn: its root comes first, then replies until it is there.
  private async _fetch(id: number): Promise<void> {
    const { api } = this._context;
    const told = await api.get<{ comment: Comment; root?: Comment | null }>(`comments/${id}`);
    const root = told.root ?? told.comment;
    const view = this._place(root, true);
    let cursor = view.comment.replies_next ?? root.replies_next ?? null;
    for (let pages = 0; cursor && !this._views.has(id) && pages < FAR; pages++) {
      cursor = await this._moreReplies(view, cursor, h("button"));
    }
  }

  private _tick(): void {
    const { root, language } = this._context;
    const now = Date.now();
    for (const time of root.querySelectorAll<HTMLTimeElement>("time:not([data-exact])")) {
      const words = relative(new Date(time.dateTime), now, language);
      if (time.textContent !== words) fill(time, words);
    }
  }
}

export function sortOf(text: string | null): Sort {
  return SORTS.includes(text as Sort) ? (text as Sort) : "newest";
}


