// How the widget speaks: words, numbers and moments in one language; what is missing there is said in English.

import type { Word } from "./words";

/** One language's words by the English ones; `|` names the plural categories that forms stand for, in order. */
type Words = Record<string, string> & { "|"?: string };

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export class Language {
  private readonly _order: string[];
  private readonly _plural: Intl.PluralRules;
  private readonly _numbers: Intl.NumberFormat;
  private readonly _days: Intl.DateTimeFormat;
  private readonly _years: Intl.DateTimeFormat;

  constructor(
    private readonly _locale: string,
    readonly _name: string,
    private readonly _words: Words,
  ) {
    this._order = (_words["|"] ?? "one").split(" ");
    this._plural = new Intl.PluralRules(_locale);
    this._numbers = new Intl.NumberFormat(_locale);
    this._days = new Intl.DateTimeFormat(_locale, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
    this._years = new Intl.DateTimeFormat(_locale, { dateStyle: "medium", timeStyle: "short" });
  }

  /** A sentence with its place filled; a number also chooses the form. */
  readonly _say = (word: Word, value: string | number = ""): string => {
    const forms = (this._words[word] ?? word).split("|");
    const isNumber = typeof value === "number";
    const form = forms[isNumber ? this._order.indexOf(this._plural.select(value)) : 0] ?? forms.at(-1)!;
    return form.replace(/\{\w+\}/, () => (isNumber ? this._number(value) : value));
  };

  /** The sentence for a code of the service, else what the service itself said. */
  _problem({ code, message }: { code: string; message: string }): string {
    return this._words["error_" + code] ?? message;
  }

  _number(value: number): string {
    return this._numbers.format(value).replace("-", "−");
  }

  /** "now", "18 minutes ago", "21 Nov, 22:10". */
  _relative(at: Date): string {
    const age = Date.now() - +at;
    const ago = (amount: number, unit: "hour" | "minute" | "second") =>
      new Intl.RelativeTimeFormat(this._locale, { numeric: "auto" }).format(-Math.floor(amount), unit);
    return age < MINUTE ? ago(0, "second") : age < HOUR ? ago(age / MINUTE, "minute") : age < DAY ? ago(age / HOUR, "hour") : this._short(at);
  }

  /** "21 Nov, 22:10", with the year when it is another one. */
  _short(at: Date): string {
    return (at.getFullYear() === new Date().getFullYear() ? this._days : this._years).format(at);
  }

  /** "22 Nov 2026, 13:05". */
  _exact(at: Date): string {
    return this._years.format(at);
  }

  /** "42 sec", "12 min". */
  _duration(seconds: number): string {
    const isShort = seconds < 60;
    return new Intl.NumberFormat(this._locale, { style: "unit", unit: isShort ? "second" : "minute" }).format(isShort ? seconds : Math.floor(seconds / 60));
  }
}

const files = new Map<string, Promise<Words>>();

/** The nearest language that the page declares, or else `otherwise`; English where its file does not arrive. */
export async function languageOf(element: Element, service: string, otherwise?: Promise<string> | string): Promise<Language> {
  const tag = element.closest<HTMLElement>("[lang]")?.lang || (await otherwise) || "";
  const [, known, region] = /^(de|fr|es|uk|ar|en)(-..)?$/i.exec(tag) ?? [];
  const name = known?.toLowerCase() ?? "en";
  let words: Words = {};
  if (name !== "en") {
    const address = `${service}/embed/v1.${name}.json`;
    if (!files.has(address)) files.set(address, fetch(address, { credentials: "omit" }).then((answer) => answer.json()));
    words = await files.get(address)!.catch(() => ({}));
  }
  // Plain English puts the day first and counts 24 hours, as the pages of the service do.
  return new Language(name === "ar" ? "ar-u-nu-arab" : region ? tag : name === "en" ? "en-GB" : name, name, words);
}
