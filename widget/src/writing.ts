// Fetches the part of the widget that only writers need, from beside this script and with its hash in the name.

import type { Context } from "./context";

export type Writing = typeof import("./writing/index");

declare const WRITING: string; // the file's name, put in by the build

let attempts = 0;
let part: Promise<Writing> | null = null;

/** The part, ready for this thread; null when it did not arrive, which is announced. */
export async function writing(context: Context): Promise<Writing | null> {
  const address = new URL(WRITING, import.meta.url);
  if (attempts) address.search = String(attempts); // some browsers remember that an address failed
  try {
    const loaded = await (part ??= import(address.href));
    loaded.prepare(context);
    return context.signal.aborted ? null : loaded;
  } catch (problem) {
    part = null;
    attempts += 1;
    context.announce(context.say("away"));
    context.emit("error", { problem });
    return null;
  }
}
