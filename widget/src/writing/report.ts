// The dialog in which a reader says what is wrong with a comment.

import type { Problem } from "../api";
import type { Comment } from "../api";
import type { Context } from "../context";
import { addressIn } from "./address";
import { note } from "../context";
import { readBody } from "../body";
import { button, fill, h, set } from "../dom";
import * as icons from "../icons";
import { icon } from "../icons";

const REASONS = ["spam", "abuse", "off_topic", "personal_data", "illegal", "other"] as const;
const MOST = 2000;
const EXCERPT = 120;

/** Opens the dialog; `done` runs once the report has been taken. */
export function openReport(context: Context, comment: Comment, done: () => void): void {
  const { say, language, root } = context;
  const error = h("p", { class: "error", role: "alert" });
  const details = h("div", { class: "report-details" });
  const text = h("textarea", { name: "text", rows: 4, maxlength: MOST, dir: "auto", "aria-labelledby": "report-what" });
  const counter = h("p", { class: "counter" });
  const send = h("button", { class: "primary" }, say("send_report"));
  const close = () => dialog.close();
  let reason = "";

  const choose = (chosen: string, row: HTMLElement) => {
    reason = chosen;
    fill(error);
    details.remove();
    if (chosen !== "illegal" && chosen !== "other") return;
    const illegal = chosen === "illegal";
    const law = illegal && h("span", { class: "muted" }, say("illegal_law"));
    fill(
      details,
      h("p", {}, h("strong", { id: "report-what" }, say(illegal ? "illegal_what" : "other_what")), " ", law),
      text,
      counter,
      illegal && note(icons.alert, say("person_decides"), [say("person_more"), " ", ...contact(context)]),
    );
    row.after(details);
  };
  const rows = REASONS.map((name) => {
    const radio = h("input", { type: "radio", name: "reason", value: name, change: () => choose(name, row) });
    const more = name === "illegal" && h("small", { class: "muted" }, say("reason_illegal_more"));
    const row: HTMLElement = h("label", { class: "choice" }, radio, h("span", {}, say(`reason_${name}`), more));
    return row;
  });
  text.addEventListener("input", () => fill(counter, `${language.number(text.value.length)} / ${language.number(MOST)}`));

  const submit = async (event: Event) => {
    event.preventDefault();
    if (send.disabled) return;
    if (!reason) return fill(error, icon(icons.alert), h("span", {}, say("reason_missing")));
    send.disabled = true;
    fill(send, say("sending"));
    try {
      const said = details.isConnected ? text.value.trim() : "";
      await context.api.post(`comments/${comment.id}/reports`, { reason, text: said, author_key: context.store.authorKey() });
      context.emit("report", { id: comment.id, reason });
      done();
      thank();
    } catch (problem) {
      send.disabled = false;
      fill(send, say("send_report"));
      const { detail, errors } = problem as Problem;
      fill(error, icon(icons.alert), h("span", {}, errors?.[0]?.message || detail || say("away")));
      context.emit("error", { problem });
    }
  };

  const thank = () => {
    const finish = button("primary", close, say("done"));
    const words = [h("p", {}, say("thanks_more")), h("p", { class: "small muted" }, say("thanks_flag"))];
    fill(dialog, heading(say("thanks")), ...words, h("div", { class: "buttons" }, finish), cross());
    finish.focus();
  };
  const heading = (words: string) => h("h2", { id: "report-title" }, words);
  const cross = () => {
    const made = button("icon-button cross", close, icon(icons.close));
    set(made, "aria-label", say("close"));
    return made;
  };

  const excerpt = readBody(comment.html).textContent!.trim();
  const short = excerpt.length > EXCERPT ? excerpt.slice(0, EXCERPT).replace(/\s+\S*$/, "") + " …" : excerpt;
  const form = h(
    "form",
    { submit, novalidate: true },
    heading(say("report")),
    h("blockquote", { dir: "auto" }, h("strong", {}, comment.name), " ", h("span", { class: "muted" }, short)),
    h("fieldset", {}, h("legend", {}, say("what_is_wrong")), ...rows),
    error,
    h("div", { class: "buttons" }, button("outline", close, say("cancel")), send),
    cross(),
  );
  const dialog: HTMLDialogElement = h(
    "dialog",
    {
      "aria-labelledby": "report-title",
      part: "dialog",
      close: () => dialog.remove(),
      click: (event: Event) => event.target === dialog && outside(event as MouseEvent) && close(),
    },
    form,
  );
  const outside = ({ clientX: x, clientY: y }: MouseEvent) => {
    const box = dialog.getBoundingClientRect();
    return x < box.left || x > box.right || y < box.top || y > box.bottom;
  };
  root.append(dialog);
  dialog.showModal();
}

function contact(context: Context): (string | HTMLElement)[] {
  const address = addressIn(context, "contact");
  if (!address) return [];
  return [context.say("write_to"), " ", h("a", { href: address }, address.replace("mailto:", "")), "."];
}
