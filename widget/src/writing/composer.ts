// The form in which a comment, a reply or an edit is written; whatever happens, nothing typed is lost.

import type { Posted, Problem } from "../api";
import type { Context } from "../context";
import type { Draft } from "../storage";
import { readBody } from "../body";
import { addressIn } from "./address";
import { note, quiet } from "../context";
import { button, fill, h, set } from "../dom";
import * as icons from "../icons";
import { icon } from "../icons";
import { randomKey } from "../storage";
import { minutes } from "../time";

export interface Task {
  /** The comment that is answered, if any. */
  parent?: { id: number; name: string };
  /** The comment that is edited, if any, and until when. */
  edit?: { id: number; body: string; token: string; until: number };
  posted(answer: Posted, body: string): void;
  closed(): void;
}

const MOST = 10_000; // characters; the service has the last word
const RETRIES = [5, 10, 20, 40, 60]; // seconds between tries while the service is away
const HELP = [
  ["**bold**", "help_bold", "strong"],
  ["*italic*", "help_italic", "em"],
  ["> quote", "help_quote", "span"],
  ["- item", "help_list", "span"],
  ["`code`", "help_code", "code"],
  ["[words](https://…)", "help_link", "span"],
] as const;

let made = 0;

export class Composer {
  readonly element: HTMLFormElement;

  private readonly _id = `form-${++made}`;
  private readonly _body: HTMLTextAreaElement;
  private readonly _name: HTMLInputElement;
  private readonly _trap = h("input", { name: "subject", tabindex: "-1", autocomplete: "off" });
  private readonly _send = h("button", { class: "primary", part: "button" });
  private readonly _box = h("div", { class: "box" });
  private readonly _shown = h("div", { class: "body shown", hidden: true });
  private readonly _help: HTMLElement;
  private readonly _draftNote = h("span");
  private readonly _counter = h("span", { class: "counter" });
  private readonly _bodyError = h("p", { class: "error", id: `${this._id}-body` });
  private readonly _nameError = h("p", { class: "error", id: `${this._id}-name` });
  private readonly _note = h("div");
  private readonly _words: { post: string; sending: string };
  private _form: Promise<string | undefined> = Promise.resolve(undefined);
  private _key = "";
  private _tries = 0;
  private _sending = false;
  private _waiting = () => {};
  private _stopEdit = () => {};

  constructor(
    private readonly _context: Context,
    private readonly _task: Task,
  ) {
    const { say } = _context;
    const { parent, edit } = _task;
    this._words = edit
      ? { post: say("save"), sending: say("saving") }
      : { post: say(parent ? "post_reply" : "post_comment"), sending: say("posting") };
    const typed = () => this._typed();
    this._body = h("textarea", { "aria-label": say("your_comment"), dir: "auto", rows: 4, name: "body", input: typed });
    this._name = h("input", { id: `${this._id}-input`, name: "name", autocomplete: "name", dir: "auto", input: typed });
    this._help = h(
      "div",
      { class: "help", hidden: true },
      ...HELP.flatMap(([source, word, tag]) => [h("code", {}, source), h(tag, {}, say(word))]),
    );
    const title = edit ? say("edit_yours") : parent ? say("reply_to", { name: parent.name }) : say("leave");
    this.element = h(
      "form",
      { class: "composer", part: "form", novalidate: true, "aria-labelledby": `${this._id}-title`, submit: (event: Event) => this._submit(event) },
      h("div", { class: "form-head" }, h("h3", { id: `${this._id}-title`, dir: "auto" }, title), quiet(say("cancel"), () => this.close())),
      this._box,
      this._bodyError,
      ...(edit ? [this._editRow()] : [this._nameRow(), this._nameError]),
      this._note,
      edit ? null! : this._foot(),
    );
    this._drawBox();
    this._recall();
    const again = () => this._waiting !== NOTHING && this._tries && this._submit();
    window.addEventListener("online", again, { signal: _context.signal });
    if (!edit) this._form = _context.api.post<{ form: string }>("forms").then((told) => told.form, () => undefined);
  }

  focus(): void {
    this._body.focus();
  }

  /** Puts words into an empty form. */
  suggest(text: string): void {
    if (!this._body.value) this._body.value = text;
    this._typed();
  }

  /** Leaves; what was typed stays as a draft. */
  close(): void {
    this._waiting();
    this._waiting = NOTHING;
    this._tries = 0;
    this._stopEdit();
    this.element.remove();
    this._task.closed();
  }

  private get _draftName(): string {
    return `${this._context.slug}\n${this._task.parent?.id ?? ""}`;
  }

  private _drawBox(): void {
    const { say } = this._context;
    const write = button("tab", () => show(false), say("write"));
    const preview = button("tab", () => show(true), say("preview"));
    const help = button(
      "quiet help-button",
      () => set(help, "aria-expanded", String((this._help.hidden = !this._help.hidden) ? "false" : "true")),
      icon(icons.help),
      h("span", {}, say("formatting")),
    );
    const show = (shown: boolean) => {
      set(write, "aria-pressed", String(!shown));
      set(preview, "aria-pressed", String(shown));
      this._body.hidden = shown;
      this._shown.hidden = !shown;
      if (shown) void this._preview();
    };
    set(help, "aria-expanded", "false");
    set(write, "aria-pressed", "true");
    set(preview, "aria-pressed", "false");
    const head = h("div", { class: "box-head" }, write, preview, h("span", { class: "gap" }), help);
    const foot = h("div", { class: "box-foot" }, this._draftNote, this._counter);
    fill(this._box, head, this._help, this._body, this._shown, foot);
  }

  private async _preview(): Promise<void> {
    const body = this._body.value;
    fill(this._shown);
    if (!body.trim()) return;
    try {
      const told = await this._context.api.post<{ html: string }>("previews", { body });
      fill(this._shown, readBody(told.html));
    } catch (problem) {
      fill(this._shown, (problem as Problem).detail || this._context.say("away"));
    }
  }

  private _nameRow(): HTMLElement {
    const label = h("label", { for: this._name.id }, this._context.say("your_name"));
    // People never meet this field: it is out of sight, out of the tab order and out of the accessibility tree.
    const trap = h("div", { class: "trap", "aria-hidden": "true" }, this._trap);
    return h("div", { class: "name-row" }, label, this._name, this._label(), trap);
  }

  private _editRow(): HTMLElement {
    const { clock, say } = this._context;
    const left = h("span", { class: "time-left" });
    this._stopEdit = clock.countdown(this._task.edit!.until, (seconds) => {
      fill(left, seconds ? say("left_to_edit", { time: this._duration(seconds) }) : say("edit_over"));
      set(this._send, "disabled", !seconds);
    });
    return h("div", { class: "edit-row" }, left, this._label());
  }

  // Both labels are there, one of them unseen, so that the button keeps its width.
  private _label(text = this._words.post): HTMLElement {
    const longest = [this._words.post, this._words.sending].sort((a, b) => b.length - a.length)[0]!;
    fill(this._send, h("span", { class: "sizer", "aria-hidden": "true" }, longest), h("span", {}, text));
    return this._send;
  }

  private _foot(): HTMLElement {
    const { say, store } = this._context;
    const link = (name: "rules" | "privacy") => {
      const address = addressIn(this._context, name);
      return address && h("a", { href: address }, say(name));
    };
    const forget = button("forget", () => {
      store.forget();
      this._body.value = this._name.value = "";
      this._typed(false);
      this._context.announce(say("forgotten"));
      fill(this._note, note(icons.check, say("forgotten"), []));
    }, say("forget"));
    return h("p", { class: "form-foot" }, link("rules"), link("privacy"), h("span", { class: "gap" }), forget);
  }

  private _recall(): void {
    const { kept } = this._context.store;
    const draft: Draft | undefined = kept.drafts[this._draftName];
    this._name.value = kept.name ?? "";
    this._body.value = this._task.edit?.body ?? draft?.body ?? "";
    this._key = draft?.key ?? "";
    this._typed(false);
  }

  private _typed(keep = true): void {
    const { say, language, store } = this._context;
    const { length } = [...this._body.value];
    const over = length - MOST;
    this._counter.classList.toggle("over", over > 0);
    fill(
      this._counter,
      length ? (over > 0 ? say("too_many", { n: over }) : `${language.number(length)} / ${language.number(MOST)}`) : "",
    );
    if (keep && !this._task.edit) {
      this._key = ""; // other words are another comment: the old key would be refused with them
      store.authorKey();
      store.change((kept) => {
        if (this._body.value) kept.drafts[this._draftName] = { body: this._body.value };
        else delete kept.drafts[this._draftName];
        kept.name = this._name.value.trim() || undefined;
      });
    }
    const drafted = !this._task.edit && store.kept.drafts[this._draftName];
    fill(this._draftNote, drafted ? say("draft_kept") : "");
  }

  private async _submit(event?: Event): Promise<void> {
    event?.preventDefault();
    const { _context: context, _task: task } = this;
    if (this._sending || this._send.getAttribute("aria-disabled")) return;
    if (!this._complete()) return;
    const [body, name] = [this._body.value, this._name.value.trim()];
    const detail = { slug: context.slug, parent: task.parent?.id ?? null, edit: task.edit?.id ?? null, body, name };
    if (!this._tries && !context.emit("submit", detail, true)) return;
    this._waiting();
    this._waiting = NOTHING;
    this._sending = true;
    this._disable(this._words.sending);
    fill(this._note);
    try {
      const answer = task.edit ? await this._revise(task.edit, body) : await this._post(body, name);
      this._sending = false;
      this._tries = 0;
      this._finish(answer, body);
    } catch (error) {
      const problem = error as Problem; // of the other script, so its class is unknown here
      this._sending = false;
      if (problem.name !== "Problem") return; // the element has left the page
      this._enable();
      this._refused(problem);
      context.emit("error", { problem });
    }
  }

  private _revise(edit: NonNullable<Task["edit"]>, body: string): Promise<Posted> {
    return this._context.api.post(`comments/${edit.id}/revisions`, { body, edit_token: edit.token });
  }

  // The key is kept with the draft before the first try: however often it is sent, it is one comment.
  private async _post(body: string, name: string): Promise<Posted> {
    const { store, api, slug } = this._context;
    this._key ||= randomKey();
    store.change((kept) => {
      kept.name = name;
      kept.drafts[this._draftName] = { body, key: this._key };
    });
    return api.post("comments", {
      slug,
      body,
      name,
      parent: this._task.parent?.id,
      author_key: store.authorKey(),
      key: this._key,
      form: await this._form,
      subject: this._trap.value,
    });
  }

  private _finish(answer: Posted, body: string): void {
    const { store } = this._context;
    store.change((kept) => delete kept.drafts[this._draftName]);
    store.changeOwn(answer.comment.id, {
      token: answer.edit_token ?? this._task.edit?.token,
      until: answer.edit_until ?? (this._task.edit && new Date(this._task.edit.until).toISOString()),
      body,
      waiting: answer.comment.status !== "published",
    });
    this._body.value = "";
    this.close();
    this._task.posted(answer, body);
  }

  private _complete(): boolean {
    const { say } = this._context;
    const body = !this._body.value.trim() && say("body_missing");
    const name = !this._task.edit && !this._name.value.trim() && say("name_missing");
    this._blame(this._body, this._bodyError, body || "");
    this._blame(this._name, this._nameError, name || "");
    this._focusBlamed();
    return !body && !name;
  }

  private _refused(problem: Problem): void {
    const { say, language, announce } = this._context;
    const told = (field: string) => problem.errors.find((error) => error.field === field);
    const sentence = (field: string) => {
      const error = told(field);
      return error ? language.problem(error.code, error.message) : "";
    };
    this._blame(this._body, this._bodyError, sentence("body"));
    this._blame(this._name, this._nameError, sentence("name"));
    if (told("body") || told("name")) this._focusBlamed();
    else if (problem.status === 429) this._tooFast(problem);
    else if (problem.passing) this._later(problem);
    else {
      const words = problem.errors.map((error) => language.problem(error.code, error.message)).join(" ");
      fill(this._note, note(icons.alert, say("not_posted"), [words || problem.detail], "danger"));
      announce(words || problem.detail || say("not_posted"));
    }
  }

  private _tooFast(problem: Problem): void {
    const { say, clock, announce } = this._context;
    const title = say("quick");
    const more = h("span");
    fill(this._note, note(icons.clock, title, [problem.detail, problem.detail && " ", more]));
    announce(`${title} ${problem.detail}`);
    this._tries = 0;
    this._waiting = clock.countdown(Date.now() + (problem.wait || 30) * 1000, (seconds) => {
      fill(more, say("quick_more", { time: this._duration(seconds) }));
      if (seconds) return this._disable(say("post_in", { time: minutes(seconds) }));
      fill(this._note);
      this._enable();
    });
  }

  private _later(problem: Problem): void {
    const { say, clock, announce } = this._context;
    const offline = !navigator.onLine;
    const title = say(offline ? "offline" : "away");
    const more = h("span");
    const now = quiet(say("try_now"), () => {
      this._enable();
      void this._submit();
    });
    now.classList.add("strong");
    fill(this._note, note(offline ? icons.offline : icons.clock, title, [more, now]));
    announce(`${title} ${say("kept")}`);
    const pause = problem.wait || RETRIES[Math.min(this._tries, RETRIES.length - 1)]!;
    this._tries += 1;
    this._disable(say("waiting"));
    fill(more, say("kept"));
    this._waiting = clock.countdown(Date.now() + pause * 1000, (seconds) => {
      if (navigator.onLine) fill(more, say("kept_away", { time: this._duration(seconds) }));
      if (seconds) return;
      this._enable();
      void this._submit();
    });
  }

  private _duration(seconds: number): string {
    const { say } = this._context;
    return seconds < 60
      ? say("left_seconds", { n: seconds })
      : say("left_minutes", { n: Math.floor(seconds / 60) });
  }

  private _blame(field: HTMLElement, place: HTMLElement, sentence: string): void {
    set(field, "aria-invalid", sentence ? "true" : null);
    set(field, "aria-describedby", sentence ? place.id : null);
    fill(place, ...(sentence ? [icon(icons.alert), h("span", {}, sentence)] : []));
  }

  private _focusBlamed(): void {
    this.element.querySelector<HTMLElement>("[aria-invalid]")?.focus();
  }

  // Disabled for the reader but still focusable: a disabled element would drop the keyboard's place.
  private _disable(text: string): void {
    this._label(text);
    set(this._send, "aria-disabled", "true");
  }

  private _enable(): void {
    this._label();
    set(this._send, "aria-disabled", null);
  }
}

const NOTHING = () => {};
