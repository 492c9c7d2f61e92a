// The widget's words in one language; a word that is missing there is said in English.

import english from "./languages/en.json";
import type writing from "./languages/en.writing.json";

export type Word = keyof typeof english | keyof typeof writing;
type Words = Partial<Record<string, string>>;

export class Language {
  readonly locale: string;
  private readonly _plural: Intl.PluralRules;
  private readonly _number: Intl.NumberFormat;
  private _english: Words = english;

  constructor(
    tag: string,
    private readonly _words: Words = english,
  ) {
    // Dates speak the language of the words. Plain English puts the day first and counts 24 hours, as drawn.
    this.locale = /^en-/i.test(tag) || _words !== english ? supported(tag) : "en-GB";
    this._plural = new Intl.PluralRules(this.locale);
    this._number = new Intl.NumberFormat(this.locale);
  }

  /** More English words, of a part that came later. */
  learn(words: Words): void {
    this._english = { ...this._english, ...words };
  }

  /** A sentence with its {places} filled. With `n`, the form that n asks for: `word_one`, `word_few`, else `word`. */
  say(word: Word, places: Record<string, string | number> = {}): string {
    const { n } = places;
    const form = typeof n === "number" ? this._find(`${word}_${this._plural.select(n)}`) : undefined;
    return (form ?? this._find(word) ?? word).replace(/\{(\w+)\}/g, (_, place: string) => this._shown(places[place]));
  }

  /** The sentence for a code of the service, else what the service itself said. */
  problem(code: string, message: string): string {
    return this._words[`error_${code}`] ?? message;
  }

  number(value: number): string {
    return this._number.format(value).replace("-", "−");
  }

  date(at: Date, style: Intl.DateTimeFormatOptions): string {
    return new Intl.DateTimeFormat(this.locale, style).format(at);
  }

  private _find(key: string): string | undefined {
    return this._words[key] ?? this._english[key];
  }

  private _shown(value: string | number | undefined): string {
    return typeof value === "number" ? this.number(value) : (value ?? "");
  }
}

function supported(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? "en-GB";
  } catch {
    return "en-GB";
  }
}
