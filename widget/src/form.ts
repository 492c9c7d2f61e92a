// The form in which a comment, a reply or an edit is written; whatever happens, nothing typed is lost.

import type { Posted, Problem } from "./api";
import { readBody } from "./body";
import { fill, h, note, set, wrong } from "./dom";
import * as icons from "./icons";
import { randomKey } from "./store";
import type { Thread } from "./thread";
import { Word } from "./words";

export interface Task {
  /** The comment that is answered, if any. */
  _parent?: { id: number; name: string };
  /** The comment that is edited, if any, and until when. */
  _edit?: { id: number; token: string; until: number };
  /** What stands in it at first, unless there is a draft. */
  _words?: string;
  _posted(answer: Posted): void;
  _closed(): void;
}

export interface Form {
  _element: HTMLElement;
  /** Tries again what could not be sent. */
  _online(): void;
  /** Leaves; what was typed stays as a draft. */
  _close(): void;
}

const RETRY = 5; // seconds between tries while the service is away: twice as many each time, up to
const LONGEST = 60;

export function openForm(thread: Thread, { _parent: parent, _edit: edit, _words: words, _posted: posted, _closed: closed }: Task): Form {
  const { _ask: ask, _button: button, _emit: emit, _language: language, _policy: { max_body: most }, _say: say, _slug: slug, _store: store } = thread;
  const draft = [slug, parent?.id, edit?.id] + "";
  const kept = store._kept.drafts[draft];
  const label = say(edit ? Word.save : parent ? Word.post_reply : Word.post_comment);
  // The time when the form was opened, signed by the service.
  const opened = edit ? undefined : ask<{ form: string }>("forms").catch(() => undefined);
  let key = kept?.key ?? "";
  let tries = 0;
  let stopWaiting: () => unknown = () => {};
  let stopEdit = () => {};

  const typed = () => {
    count();
    key = ""; // other words are another comment: the old key would be refused with them
    store._key();
    store._change((now) => {
      if (body.value) now.drafts[draft] = { body: body.value };
      else delete now.drafts[draft];
      now.name = name.value.trim();
    });
    hint.textContent = body.value && say(Word.draft_kept);
  };
  const count = () => {
    const { length } = [...body.value];
    counter.className = length > most ? "error" : "";
    counter.textContent = length ? `${language._number(length)} / ${language._number(most)}` : "";
  };

  const body = h("textarea", { "aria-label": say(Word.your_comment), name: "body", dir: "auto", rows: 4, input: typed });
  const name = h("input.field", { name: "name", autocomplete: "name", dir: "auto", input: typed });
  const trap = h("input", { name: "subject", tabindex: -1, autocomplete: "off" });
  const send = h("button.primary button");
  const shown = h("div.body shown", { dir: "auto", hidden: true });
  const hint = h("span", kept && say(Word.draft_kept));
  const counter = h("span");
  const left = h("span");
  const errors = { body: h("p.error", { id: "body-error" }), name: h("p.error", { id: "name-error" }) };
  const message = h("div", { role: "alert" });

  // Disabled for the reader but still focusable: a disabled element would drop the keyboard's place.
  const rest = (text?: string) => {
    fill(send, h("span", { "aria-hidden": "true" }, label), h("span", text ?? label));
    send.ariaDisabled = text ? "true" : null;
  };
  // Says what is wrong at the fields and leads to the first of them; true when something is.
  const blamed = (sentence: (field: "body" | "name") => string | false | undefined) => {
    const wrongs = ([["name", name], ["body", body]] as const).filter(([field, input]) => {
      const words = sentence(field);
      wrong(errors[field], words);
      input.ariaInvalid = words ? "true" : null;
      set(input, "aria-describedby", words && errors[field].id);
      if (words) input.focus();
      return words;
    });
    return wrongs[0];
  };
  const again = () => {
    stopWaiting();
    fill(message);
    rest();
  };
  const resend = () => {
    again();
    void submit();
  };

  const refused = (problem: Problem) => {
    const { detail, errors, status, wait } = problem;
    const told = (field?: string) => errors.filter((error) => !field || error.field === field).map(language._problem)[0];
    emit("error", { problem });
    rest();
    if (blamed(told)) return;
    const isFast = status === 429;
    if (status > 399 && status < 500 && !isFast) {
      return fill(message, note(icons.alert, say(Word.not_done), told() ?? detail));
    }
    const sentence = h("span");
    const retry = isFast ? again : resend;
    const title = isFast ? Word.quick : navigator.onLine ? Word.away : Word.offline;
    const seconds = wait || Math.min(LONGEST, RETRY * 2 ** tries);
    tries = isFast ? 0 : tries + 1;
    fill(message, note(icons.clock, say(title), isFast && detail + " ", sentence, " ", !isFast && button("link", retry, say(Word.try_now))));
    stopWaiting = thread._countdown(Date.now() + seconds * 1000, (left) => {
      sentence.textContent = isFast ? say(Word.quick_more) : say(Word.kept, language._duration(left));
      rest(isFast ? say(Word.post_in, language._duration(left)) : say(Word.waiting));
      if (!left) retry();
    });
  };

  const submit = async (event?: Event) => {
    event?.preventDefault();
    if (send.ariaDisabled) return;
    const [text, signed] = [body.value, name.value.trim()];
    if (blamed((field) => (field === "body" ? !text.trim() && say(Word.body_missing) : !edit && !signed && say(Word.name_missing)))) return;
    if (!tries && !emit("submit", { slug, parent: parent?.id ?? null, edit: edit?.id ?? null, body: text, name: signed }, true)) return;
    again();
    rest(say(Word.sending));
    try {
      const answer = edit ? await ask<Posted>(`comments/${edit.id}/revisions`, { body: text, edit_token: edit.token }) : await post(text, signed);
      const { comment: { id, status }, edit_token: token = edit?.token, edit_until: until } = answer;
      store._change(({ drafts, own }) => {
        delete drafts[draft];
        own[id] = { token, until: until ?? own[id]?.until, body: text, waiting: status !== "published" };
      });
      close();
      posted(answer);
    } catch (problem) {
      refused(problem as Problem);
    }
  };
  // The key is kept with the draft before the first try: however often it is sent, it is one comment.
  const post = async (body: string, name: string) => {
    key ||= randomKey();
    store._change((now) => {
      now.name = name;
      now.drafts[draft] = { body, key };
    });
    const form = (await opened)?.form;
    return ask<Posted>("comments", { slug, body, name, parent: parent?.id, author_key: store._key(), key, form, subject: trap.value });
  };
  const forget = () => {
    store._forget();
    body.value = name.value = hint.textContent = "";
    count();
    fill(message, note(icons.check, say(Word.forgotten)));
  };
  const close = () => {
    stopWaiting();
    stopEdit();
    element.remove();
    closed();
  };

  const tabs = [Word.write, Word.preview].map((word, preview) =>
    button(
      "tab",
      async () => {
        tabs.forEach((tab, index) => (tab.ariaPressed = `${index === preview}`));
        body.hidden = !!preview;
        shown.hidden = !preview;
        fill(shown);
        if (preview && body.value.trim()) fill(shown, readBody((await ask<{ html: string }>("previews", { body: body.value })).html));
      },
      { "aria-pressed": `${!preview}` },
      say(word),
    ),
  );
  const title = edit ? say(Word.edit) : parent ? say(Word.reply_to, parent.name) : say(Word.leave);
  const element = h(
    "form.form",
    { novalidate: true, "aria-label": title, submit },
    h("div.row", h("h3", { dir: "auto" }, title), h("span.gap"), button("quiet", () => close(), say(Word.cancel))),
    h("div.box", h("div.row", ...tabs, h("details.gap", h("summary", say(Word.formatting)), say(Word.help))), body, shown, h("div.row", hint, h("span.gap"), counter)),
    errors.body,
    // People never meet the trap: it is out of sight, out of the tab order and out of the accessibility tree.
    edit
      ? h("div.row", left, h("span.gap"), send)
      : h("div.row", h("label", say(Word.your_name), name), send, h("div.unseen", { "aria-hidden": "true" }, trap)),
    errors.name,
    message,
    !edit && h("p.foot", thread._link("rules_url"), thread._link("privacy_url"), thread._link("contact"), h("span.gap"), button("", forget, say(Word.forget))),
  );
  body.value = kept?.body ?? words ?? "";
  name.value = store._kept.name ?? "";
  count();
  rest();
  if (edit) {
    stopEdit = thread._countdown(edit.until, (seconds) => {
      left.textContent = say(Word.left_to_edit, language._duration(seconds));
      if (!seconds) rest(label);
    });
  }
  const online = () => {
    if (tries && stopWaiting()) resend();
    else tries = 0; // a try is under way, and its answer decides: if it fails, the next one comes soon
  };
  return { _close: close, _element: element, _online: online };
}
