// What this device remembers of a reader, in one localStorage item per service and site; nothing before the reader acts.

/** A comment of the reader's own. */
interface Own {
  token?: string | null;
  until?: string | null;
  body?: string;
  waiting?: boolean;
  dismissed?: boolean;
}

export interface Kept {
  key?: string;
  name?: string;
  own: Record<string, Own>;
  votes: Record<string, number>;
  reported: Record<string, 1>;
  drafts: Record<string, { body: string; key?: string }>;
  visits: Record<string, [before: number, latest: number]>;
}

const MOST = 300; // entries kept of each kind; the oldest go first

export type Store = ReturnType<typeof openStore>;

export function openStore(name: string) {
  let storage: Partial<Storage> = {}; // where storage is forbidden, things last as long as the page
  const read = (): Kept => (store._kept = { own: {}, votes: {}, reported: {}, drafts: {}, visits: {}, ...JSON.parse(storage[name] || "{}") });
  const store = {
    /** What was read or written last. */
    _kept: null! as Kept,
    /** Reads again, because other tabs write too, changes and keeps. */
    _change: (edit: (kept: Kept) => void) => {
      edit(read());
      for (const kind of Object.values(store._kept)) {
        const names = Object.keys(kind);
        if (names[MOST]) delete kind[names[0]!];
      }
      const words = JSON.stringify(store._kept);
      try {
        storage[name] = words;
      } catch {
        storage = { [name]: words }; // full
      }
    },
    /** The reader's author key, made when it is first needed. */
    _key: (): string => {
      store._change((kept) => (kept.key ??= randomKey()));
      return store._kept.key!;
    },
    _forget: () => {
      delete storage[name];
      read();
    },
  };
  try {
    storage = localStorage;
  } catch {
    // Forbidden.
  }
  read();
  return store;
}

/** 192 random bits as about 40 letters and digits. */
export function randomKey(): string {
  return crypto.getRandomValues(new Uint32Array(6)).reduce((key, part) => key + part.toString(36), "");
}
