// The comments of one article: loads them, keeps them in step with the service, and opens what readers write in.

import type { Ask, Comment, Page, Policy, Problem, Replies } from "./api";
import { drawer, type View } from "./comment";
import { fill, h, icon, note, type Part } from "./dom";
import { openForm, type Form, type Task } from "./form";
import * as icons from "./icons";
import type { Language } from "./language";
import type { Store } from "./store";
import { Word } from "./words";

/** What a thread is given by its element. */
export interface Place {
  readonly _host: HTMLElement;
  readonly _root: ShadowRoot;
  readonly _slug: string;
  readonly _ask: Ask;
  readonly _store: Store;
  readonly _language: Language;
  readonly _say: Language["_say"];
  /** Ends when the element leaves the page or shows another thread. */
  readonly _signal: AbortSignal;
  /** Dispatches `comments:<name>` from the element; false when a listener cancelled it. */
  readonly _emit: (name: string, detail?: object, cancelable?: boolean) => boolean;
}

/** What the comments and forms of a thread ask of it. */
export interface Thread extends Place {
  _policy: Policy;
  /** Whether nobody may write any more. */
  _closed: boolean;
  /** Loads the first page and draws it; an error becomes a notice and an event, never an exception. */
  _load(asked?: Page | Promise<Page>): Promise<void>;
  /** Says a sentence in the one status line. */
  _announce(sentence: string): void;
  /** A button that acts when it is pressed. */
  _button(look: string, act: () => unknown, ...parts: Part[]): HTMLButtonElement;
  /** Acts for a button; while what it began is under way, further presses do nothing, and what fails is said. */
  _press(pressed: Element, act: () => unknown): void;
  /** Calls with the whole seconds that are left, at once and each second, 0 last; until what it returns is called, which tells whether it still did. */
  _countdown(end: number, watcher: (left: number) => void): () => boolean;
  /** A link to what the element's attribute or else the site's policy names, never a script; null without an address. */
  _link(name: keyof typeof LINKS): HTMLElement | null;
  /** Opens a form in the place of the line that does so, or below the comment that it is about. */
  _compose(task: Pick<Task, "_edit" | "_parent" | "_words">, article?: HTMLElement): void;
  /** Changes the count by so many comments. */
  _count(change: number): void;
  /** Takes a comment out that nobody sees any more. */
  _drop(view: View): void;
  /** Says what did not work. */
  _fail(problem: Problem): void;
}

const SORTS = { newest: Word.newest, oldest: Word.oldest, best: Word.best };
const LINKS = { rules_url: Word.rules, privacy_url: Word.privacy, contact: Word.contact };
const GET = {};
const PIECE = 4; // roots, each with up to five replies: they are painted before any other is drawn
const RETRY = 20; // seconds after a failed load
const LOOK = 30_000; // milliseconds between looks for news, and as much again by chance
const VISIT = 30 * 60_000; // looking again within half an hour is the same visit

export function openThread(place: Place, sort: string): Thread {
  const { _ask: ask, _emit: emit, _host: host, _language: language, _root: root, _say: say, _signal: signal, _slug: slug, _store: store } = place;
  const views = new Map<number, View>();
  const watchers = new Set<() => void>();
  const status = h("div.unseen", { role: "status" });
  const title = h("h2.heading", { tabindex: -1 }, say(Word.comments));
  const select: HTMLSelectElement = h("select", { change: () => sortBy(select.value) });
  const opener = h("div.opener");
  const notice = h("div.notice");
  const pill = h("div.pill-place");
  const list = h("ol.list");
  const more = h("div.more");
  const section = h(
    "section.thread",
    { "aria-label": say(Word.comments), lang: language._name, dir: language._name === "ar" && "rtl" },
    h("div.head", title, h("label.sort", h("span", say(Word.sort_by)), select)),
    opener,
    notice,
    pill,
    list,
    more,
  );
  let form: Form | undefined;
  let aside: Word | false = false; // what is said below the line that opens the form
  let count = -1;
  let loads = 0;
  let newest = Infinity; // the last comment that was there before what is marked as new
  let nextLook = 0;
  let ticks = 0;
  let visit: number | undefined;
  let stopRetry = () => {};

  const button: Thread["_button"] = (look, act, ...parts) => {
    const made = h(`button.${look}`, { type: "button", click: () => thread._press(made, act) }, ...parts);
    return made;
  };
  const line = button("line", () => thread._compose({}), { disabled: true }, say(Word.leave));
  const thread: Thread = {
    ...place,
    _policy: null!,
    _closed: false,
    _announce: (sentence) => (status.textContent = sentence),
    _button: button,
    _press: async (pressed, act) => {
      if (pressed.ariaBusy) return;
      pressed.ariaBusy = "true";
      await Promise.resolve(act()).catch(thread._fail);
      pressed.ariaBusy = null;
    },
    _countdown: (end, watcher) => {
      const tell = () => {
        const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
        if (!left) stop();
        watcher(left);
      };
      const stop = () => watchers.delete(tell);
      watchers.add(tell);
      tell();
      return stop;
    },
    _link: (name) => {
      const text = host.getAttribute(name.replace("_url", "")) || thread._policy[name];
      const link = h("a", { href: /^[^:/]+@/.test(text) ? "mailto:" + text : text }, say(LINKS[name]));
      return text && /^(https?|mailto):$/.test(link.protocol) ? link : null;
    },
    _load: async (asked: Page | Promise<Page> = ask<Page>("comments", { slug, sort }, GET)) => {
      const load = ++loads;
      stopRetry();
      list.ariaBusy = "true";
      try {
        const page = await asked;
        const isFirst = !nextLook;
        const focused = root.activeElement as HTMLElement | null;
        remember();
        views.clear();
        for (const place of [list, pill, notice]) fill(place);
        // A form above the list stays as it is; one inside it goes with what it is about, and keeps its draft.
        if (!form?._element.isConnected) form?._close();
        take(page);
        const drawn = append(page, load);
        if (focused && !root.activeElement) (focused.isConnected ? focused : title).focus();
        await drawn;
        if (load !== loads) return;
        const fresh = list.querySelectorAll(".new");
        if (fresh.length) {
          fill(notice, button("link", () => show(fresh[0]!.closest("article")!), say(Word.n_new_comments, fresh.length)));
        }
        emit("load", { slug, count, sort });
        if (store._kept.key) await mine();
        later();
        if (isFirst) {
          emit("ready", { slug });
          follow();
        }
      } catch (problem) {
        if (load === loads) failed(problem as Problem);
      }
      if (load === loads) list.ariaBusy = null;
    },
    _compose: (task, article) => {
      form?._close();
      const focused = root.activeElement as HTMLElement | null;
      form = openForm(thread, {
        ...task,
        _posted: ({ comment, reason }) => posted({ ...comment, reason }, !!task._edit),
        _closed: () => {
          form = undefined;
          if (article) article.classList.remove("editing");
          else drawOpener();
          // Whoever has gone on stays where they are.
          if (!root.activeElement) (focused?.isConnected ? focused : line).focus({ preventScroll: true });
        },
      });
      if (task._edit) article!.classList.add("editing");
      if (article) article.after(form._element);
      else fill(opener, form._element);
      form._element.querySelector("textarea")!.focus();
    },
    _count: (change) => counted(count + change),
    _drop: ({ _comment: { id }, _element: element, _parent: parent }) => {
      if (element.contains(root.activeElement)) (parent?._article ?? title).focus();
      views.delete(id);
      element.remove();
      drawEmpty();
    },
    _fail: (problem) => {
      const { detail, status } = problem;
      const words = (status < 500 && detail) || say(Word.away);
      thread._announce(words);
      emit("error", { problem });
      fill(pill, note(icons.alert, say(Word.not_done), words, " ", button("link", () => fill(pill), say(Word.close))));
    },
  };
  const draw = drawer(thread, list, views);

  const counted = (now: number) => {
    fill(title, say(Word.comments), " ", h("span.count", `(${language._number(now)})`));
    if (count !== now) emit("count", { slug, count: (count = now) });
  };

  // What a page says of its thread and site.
  const take = ({ policy, thread: { closes_at: end, count, mode } }: Page) => {
    thread._policy = policy;
    thread._closed = mode === "closed" || Date.parse(end!) <= Date.now();
    counted(count);
    line.disabled = false;
    aside = thread._closed ? Word.closed : mode === "premoderated" && Word.read_first;
    drawOpener();
    // Refilled, not replaced: whoever has just chosen with the keyboard stays there.
    fill(
      select,
      ...Object.entries(SORTS).map(([value, word]) => (value !== "best" || policy.votes !== "none") && h("option", { value, selected: value === sort }, say(word))),
    );
  };
  const sortBy = (by: string, asked?: Page) => {
    sort = by;
    return thread._load(asked);
  };
  const drawOpener = () => form || fill(opener, !thread._closed && line, aside && h("p.aside", icon(icons.clock), h("span", say(aside))));

  const posted = (comment: Comment, edited: boolean) => {
    const isPublished = comment.status === "published";
    const { _article: article } = put(comment, true);
    if (!edited && isPublished) thread._count(1);
    drawEmpty();
    article.scrollIntoView({ block: "nearest" });
    article.focus({ preventScroll: true });
    thread._announce(say(isPublished ? Word.posted : Word.pending));
    emit("post", { comment, edited });
  };

  // Draws a comment and its replies, or brings what is drawn up to date; what is drawn last knows its replies.
  const put = (comment: Comment, isFirst?: boolean): View => {
    const { replies, replies_next: next } = comment;
    const placed = [comment, ...(replies ?? [])].map(locate);
    placed.forEach(draw);
    const view = placed[0]!;
    if (replies) offer(view, next);
    if (!view._element.parentNode) list[isFirst ? "prepend" : "append"](view._element);
    return view;
  };

  // Finds a comment's place below the one that it answers, which is drawn anew when it was drawn before.
  const locate = (comment: Comment): View => {
    const { created_at: created, id } = comment;
    let view = views.get(id);
    if (view) view._comment = comment;
    else {
      const parent = views.get(comment.parent!);
      const isDeep = parent && parent._depth >= thread._policy.depth_drawn;
      const host = (isDeep && parent._host) || parent;
      const article = h("article.comment", { id: `comment-${id}`, tabindex: -1 });
      const below = h("ol.replies");
      view = {
        _comment: comment,
        _element: h(isDeep ? "li.flat" : "li", article, below),
        _article: article,
        _replies: below,
        _parent: parent,
        _host: host,
        _depth: (host?._depth ?? 0) + 1,
        _isNew: (id > newest || Date.parse(created) > visit!) && !store._kept.own[id],
      };
      views.set(id, view);
      host?._replies.append(view._element);
      if (host?._article.firstChild) draw(host);
    }
    return view;
  };

  // The button below a root that asks for more of its replies.
  const offer = (view: View, cursor: string | null | undefined) => {
    const { _comment: { replies_total: total }, _element: element, _replies: below } = view;
    const left = total! - below.querySelectorAll(".body").length;
    element.querySelector(":scope > .link")?.remove();
    if (cursor && left > 0) element.append(button("link", () => moreReplies(view, cursor), "↳ ", say(Word.more_replies, left)));
  };
  const moreReplies = async (view: View, cursor: string) => {
    const { comments, next } = await ask<Replies>(`comments/${view._comment.id}/replies`, { cursor }, GET);
    for (const reply of comments) put(reply);
    offer(view, next);
    if (comments[0]) views.get(comments[0].id)!._article.focus({ preventScroll: true });
    return next;
  };

  // Draws a page's roots below what is there, in pieces: what is seen first is painted first.
  const append = async ({ comments, next }: Page, load = loads) => {
    let drawn = 0;
    let until = Infinity;
    for (const comment of comments) {
      if (!views.has(comment.id)) put(comment);
      if (++drawn !== PIECE && Date.now() < until) continue;
      reveal();
      await new Promise((resume) => setTimeout(resume));
      if (load !== loads) return;
      until = Date.now() + 30; // milliseconds: a task stays short on slow machines, too
    }
    reveal();
    const onward = async () => {
      const page = await ask<Page>("comments", { slug, sort, cursor: next!, limit: 100 }, GET);
      const last = list.lastElementChild;
      await append(page);
      last?.nextElementSibling?.querySelector("article")?.focus({ preventScroll: true });
    };
    fill(more, next && button("outline wide", onward, say(Word.more)));
    drawEmpty();
  };

  // What this reader wrote and only they may see: waiting, or not published.
  const mine = async () => {
    const told = await ask<Replies>("mine", { author_key: store._key(), slug }).catch(() => {});
    if (!told) return;
    for (const comment of told.comments) {
      const { id, parent, status } = comment;
      if (store._kept.own[id]?.dismissed || (parent && !views.has(parent))) continue;
      store._change(({ own }) => (own[id] = { ...own[id], waiting: status !== "rejected" }));
      put(comment, true);
    }
    drawEmpty();
    // What waited and is not told any more has been published.
    for (const { _comment: comment } of views.values()) {
      if (comment.status !== "pending" || told.comments.includes(comment)) continue;
      put((await ask<{ comment: Comment }>(`comments/${comment.id}`, {}, GET)).comment);
      thread._count(1);
    }
  };

  const drawEmpty = () => {
    root.querySelector(".empty")?.remove();
    if (!views.size) fill(list, h("li.empty", h("strong", say(Word.none)), !thread._closed && h("p", say(Word.none_more))));
  };

  // In place of what the service drew.
  const reveal = () => {
    if (!section.isConnected) fill(root, status, section);
  };

  // Until the comments come: in their place, or above what the service drew.
  const failed = (problem: Problem) => {
    const { detail, status: code, wait } = problem;
    thread._fail(problem);
    if (nextLook) return;
    const focused = root.activeElement;
    const words = h("p", detail);
    const now = button("outline", thread._load, say(Word.try_now));
    root.querySelector(".empty")?.remove();
    fill(opener);
    fill(pill);
    fill(list, h("li.empty", h("strong", say(Word.failed)), words, now, h("slot")));
    if (!section.isConnected) root.prepend(status, list.firstChild!);
    if (focused && !root.activeElement) now.focus();
    if (wait || !/^4/.test(code + "")) {
      stopRetry = thread._countdown(Date.now() + (wait || RETRY) * 1000, (left) => {
        words.textContent = say(Word.failed_more, language._duration(left));
        if (!left) void thread._load();
      });
    }
  };

  // When this reader was here before; kept once something of theirs is kept anyway.
  const remember = () => {
    if (visit || !store._kept.key) return;
    store._change(({ visits }) => {
      const now = Date.now();
      const [before, latest] = visits[slug] ?? [now, now];
      visit = now - latest > VISIT ? latest : before;
      visits[slug] = [visit, now];
    });
  };
  const later = () => (nextLook = Date.now() + LOOK * (1 + Math.random()));
  // Asks for news, which wait behind a button; what became of the reader's own is drawn at once.
  const look = async () => {
    nextLook = Infinity;
    try {
      const page = await ask<Page>("comments", { slug, sort: "newest" }, { cache: "no-cache" });
      const open = async () => {
        newest = Math.max(...views.keys());
        await sortBy("newest", page);
        notice.querySelector("button")?.click();
      };
      if (Object.values(store._kept.own).some(({ waiting }) => waiting)) await mine();
      const fresh = page.thread.count - count;
      if (fresh > 0) {
        const words = say(Word.n_new_comments, fresh);
        fill(pill, button("primary pill", open, "↑ " + words));
        thread._announce(words);
      }
    } catch {
      // The next look may find the service again; nothing on the page depends on this one.
    }
    later();
  };

  // Opens what hides a comment, brings it into view and shows the exact time.
  const show = (article: Element) => {
    for (let host = views.get(Number(article.id.slice(8)))?._host; host; host = host._host) {
      host._isFolded = false;
      draw(host);
    }
    const time = article.querySelector("time")!;
    time.title = time.textContent = language._short(new Date(time.dateTime));
    article.scrollIntoView({ block: "center" });
    (article as HTMLElement).focus({ preventScroll: true });
  };
  const follow = async () => {
    const id = Number(location.hash.replace("#comment-", ""));
    if (!id) return;
    try {
      if (!views.has(id)) {
        // A permalink may point beyond what is drawn: its root comes first, then replies until it is there.
        const { comment, root = comment } = await ask<{ comment: Comment; root?: Comment }>(`comments/${id}`, {}, GET);
        const view = put(root, true);
        let next = root.replies_next;
        while (next && !views.has(id)) next = await moreReplies(view, next);
      }
      show(views.get(id)!._article);
    } catch (problem) {
      thread._announce(say((problem as Problem).status ? Word.gone : Word.away));
    }
  };

  const timer = setInterval(() => {
    for (const watcher of watchers) watcher();
    remember();
    if (!(++ticks % 20)) {
      for (const time of list.querySelectorAll<HTMLTimeElement>("time:not([title])")) time.textContent = language._relative(new Date(time.dateTime));
    }
    if (!document.hidden && nextLook && Date.now() > nextLook) void look();
  }, 1000);
  // Leaving the page is no undo of a withdrawal.
  const leave = () => {
    for (const { _leave: leave, _leaving: leaving } of views.values()) if (leaving) void leave!();
  };
  signal.addEventListener("abort", () => {
    leave();
    clearInterval(timer);
  });
  window.addEventListener("pagehide", leave, { signal });
  window.addEventListener("online", () => form?._online(), { signal });
  window.addEventListener("hashchange", follow, { signal });
  drawOpener();
  // What the service drew into the page stays until there is something newer.
  if (!root.querySelector("section")) reveal();
  return thread;
}
