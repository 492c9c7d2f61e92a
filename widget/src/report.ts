// The dialog in which a reader says what is wrong with a comment; what is illegal becomes a formal notice.

import type { Comment, Problem } from "./api";
import { readBody } from "./body";
import { fill, h, wrong, type Part } from "./dom";
import type { Thread } from "./thread";
import { Word } from "./words";

const REASONS = {
  spam: Word.reason_spam,
  abuse: Word.reason_abuse,
  off_topic: Word.reason_off_topic,
  personal_data: Word.reason_personal_data,
  illegal: Word.reason_illegal,
  other: Word.reason_other,
};
const EXCERPT = 120;

/** Opens the dialog; `done` runs once it is closed and the focus is where it was. */
export function openReport(thread: Thread, { id, name, html }: Comment, done: () => void): void {
  const { _ask: ask, _button: button, _emit: emit, _language: language, _root: root, _say: say, _store: store } = thread;
  const error = h("p.error", { role: "alert" });
  const send = h("button.primary", say(Word.send_report));
  const field = (word: Word, ...parts: Part[]) => h("label", say(word), ...parts);
  const choice = (word: Word, settings: object) => h("label.choice", h("input", { required: true, ...settings }), say(word));
  const text = h("textarea.field", { name: "text", rows: 3, maxlength: 2000, dir: "auto" });
  const what = h("span", say(Word.other_what));
  const notice = h(
    "fieldset",
    { hidden: true, disabled: true },
    field(Word.your_name, h("input.field", { name: "name", autocomplete: "name", required: true })),
    field(Word.your_email, h("input.field", { name: "email", type: "email", autocomplete: "email", required: true })),
    choice(Word.good_faith, { type: "checkbox" }),
  );
  const choose = (reason: string) => {
    text.required = reason === "illegal";
    what.textContent = say(text.required ? Word.illegal_what : Word.other_what);
    notice.hidden = notice.disabled = !text.required;
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    if (send.disabled) return;
    send.disabled = true;
    const { reason, text, ...person } = Object.fromEntries(new FormData(form)) as Record<string, string>;
    try {
      const { receipt } = await (notice.hidden
        ? ask<{ receipt?: string }>(`comments/${id}/reports`, { reason, text, author_key: store._key() })
        : ask<{ receipt: string }>("notices", { comment: id, reason: text, ...person, good_faith: "true" }));
      store._change(({ reported }) => (reported[id] = 1));
      emit("report", { id, reason });
      const finish = button("primary", () => dialog.close(), say(Word.close));
      fill(form, heading(Word.thanks), h("p", say(Word.thanks_more)), receipt && h("p", say(Word.receipt, receipt)), h("div.row", h("span.gap"), finish));
      finish.focus();
    } catch (problem) {
      const { detail, errors } = problem as Problem;
      send.disabled = false;
      wrong(error, errors[0] ? language._problem(errors[0]) : detail || say(Word.away));
      emit("error", { problem });
    }
  };
  const heading = (word: Word) => h("h2", say(word));
  const form = h(
    "form",
    { submit },
    heading(Word.report),
    h("blockquote", { dir: "auto" }, h("bdi.name", name), " ", h("span", readBody(html).textContent!.slice(0, EXCERPT) + " …")),
    h(
      "fieldset",
      h("legend", say(Word.what_is_wrong)),
      ...Object.entries(REASONS).map(([value, word]) => choice(word, { type: "radio", name: "reason", value, change: () => choose(value) })),
    ),
    h("label", what, text),
    notice,
    error,
    h("div.row", h("span.gap"), button("outline", () => dialog.close(), say(Word.cancel)), send),
  );
  const dialog: HTMLDialogElement = h("dialog.dialog", { closedby: "any", close: () => [dialog.remove(), done()], "aria-label": say(Word.report) }, form);
  root.append(dialog);
  dialog.showModal();
}
