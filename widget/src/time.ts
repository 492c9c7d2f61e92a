// Moments in words: relative for a day, then the date; exact where asked for.

import type { Language } from "./language";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** "just now", "18 minutes ago", "21 Nov, 22:10". */
export function relative(at: Date, now: number, language: Language): string {
  const age = now - at.getTime();
  if (age < MINUTE) return language.say("just_now");
  if (age >= DAY) return short(at, now, language);
  const [amount, unit] = age < HOUR ? [age / MINUTE, "minute" as const] : [age / HOUR, "hour" as const];
  return new Intl.RelativeTimeFormat(language.locale).format(-Math.floor(amount), unit);
}

/** "21 Nov, 22:10", with the year when it is another one. */
export function short(at: Date, now: number, language: Language): string {
  const year = at.getFullYear() === new Date(now).getFullYear() ? undefined : "numeric";
  return language.date(at, { day: "numeric", month: "short", year, hour: "2-digit", minute: "2-digit" });
}

/** "Sunday 22 November 2026, 13:05". */
export function exact(at: Date, language: Language): string {
  return language.date(at, { dateStyle: "full", timeStyle: "short" });
}

/** "yesterday, 18:40" or the short form. */
export function since(at: Date, now: number, language: Language): string {
  const days = Math.round((midnight(now) - midnight(at.getTime())) / DAY);
  if (days > 1) return short(at, now, language);
  const day = new Intl.RelativeTimeFormat(language.locale, { numeric: "auto" }).format(-days, "day");
  return day + ", " + language.date(at, { hour: "2-digit", minute: "2-digit" });
}

/** "0:42" */
export function minutes(seconds: number): string {
  return Math.floor(seconds / 60) + ":" + String(seconds % 60).padStart(2, "0");
}

function midnight(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
