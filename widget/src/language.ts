// How the widget speaks: words, numbers and moments in one language; what is missing there is said in English.

import type { Word } from "./words";

/** One language's words by the English ones; `|` names the plural categories that forms stand for, in order. */
type Words = Record<string, string> & { "|"?: string };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export type Language = ReturnType<typeof speaker>;

function speaker(locale: string, name: string, words: Words) {
  const order = (words["|"] ?? "one").split(" ");
  const plural = new Intl.PluralRules(locale);
  const numbers = new Intl.NumberFormat(locale);
  const ages = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  const days = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
  const years = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const ago = (amount: number, unit: "hour" | "minute" | "second") => ages.format(-Math.floor(amount), unit);
  const number = (value: number) => numbers.format(value).replace("-", "−");
  /** "21 Nov, 22:10", with the year when it is another one. */
  const short = (at: Date) => (at.getFullYear() === new Date().getFullYear() ? days : years).format(at);
  return {
    _name: name,
    /** A sentence with its place filled; a number also chooses the form. */
    _say: (word: Word, value: string | number = ""): string => {
      const forms = (words[word] ?? word).split("|");
      const isNumber = typeof value === "number";
      const form = forms[isNumber ? order.indexOf(plural.select(value)) : 0] ?? forms.at(-1)!;
      return form.replace(/\{\w+\}/, () => (isNumber ? number(value) : value));
    },
    /** The sentence for a code of the service, else what the service itself said. */
    _problem: ({ code, message }: { code: string; message: string }): string => words["error_" + code] ?? message,
    _number: number,
    _short: short,
    /** "now", "18 minutes ago", "21 Nov, 22:10". */
    _relative: (at: Date): string => {
      const age = Date.now() - +at;
      return age < MINUTE ? ago(0, "second") : age < HOUR ? ago(age / MINUTE, "minute") : age < DAY ? ago(age / HOUR, "hour") : short(at);
    },
    /** "22 Nov 2026, 13:05". */
    _exact: (at: Date): string => years.format(at),
    /** "42 sec", "12 min". */
    _duration: (seconds: number): string => {
      const isShort = seconds < 60;
      return new Intl.NumberFormat(locale, { style: "unit", unit: isShort ? "second" : "minute" }).format(isShort ? seconds : Math.floor(seconds / 60));
    },
  };
}

const files: Record<string, Promise<Words>> = {};

/** The nearest language that the page declares, or else `otherwise`; English where its file does not arrive. */
export async function languageOf(element: Element, service: string, otherwise?: Promise<string> | string): Promise<Language> {
  const tag = element.closest<HTMLElement>("[lang]")?.lang || (await otherwise) || "";
  const [, known, region] = /^(de|fr|es|uk|ar|en)(-..)?$/i.exec(tag) ?? [];
  const name = known?.toLowerCase() ?? "en";
  let words: Words = {};
  if (name !== "en") {
    const address = `${service}/embed/v1.${name}.json`;
    files[address] ??= fetch(address, { credentials: "omit" }).then((answer) => answer.json());
    words = await files[address]!.catch(() => ({}));
  }
  // Plain English puts the day first and counts 24 hours, as the pages of the service do.
  return speaker(name === "ar" ? "ar-u-hc-h23-nu-arab" : region ? tag : name === "en" ? "en-GB" : name, name, words);
}
