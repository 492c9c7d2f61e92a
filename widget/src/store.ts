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

export class Store {
  /** What was read or written last. */
  _kept!: Kept;
  private _storage: Partial<Storage> = {}; // where storage is forbidden, things last as long as the page

  constructor(private readonly _name: string) {
    try {
      this._storage = localStorage;
    } catch {
      // Forbidden.
    }
    this._read();
  }

  /** Reads again, because other tabs write too, changes and keeps. */
  _change(edit: (kept: Kept) => void): void {
    const { _name: name, _storage: storage } = this;
    this._read();
    edit(this._kept);
    for (const kind of Object.values(this._kept)) {
      const names = Object.keys(kind);
      if (names[MOST]) delete kind[names[0]!];
    }
    try {
      storage[name] = JSON.stringify(this._kept);
    } catch {
      this._storage = { [name]: JSON.stringify(this._kept) }; // full
    }
  }

  /** The reader's author key, made when it is first needed. */
  _key(): string {
    this._change((kept) => (kept.key ??= randomKey()));
    return this._kept.key!;
  }

  _forget(): void {
    delete this._storage[this._name];
    this._read();
  }

  private _read(): void {
    this._kept = { own: {}, votes: {}, reported: {}, drafts: {}, visits: {}, ...JSON.parse(this._storage[this._name] || "{}") };
  }
}

/** 192 random bits as about 40 letters and digits. */
export function randomKey(): string {
  return crypto.getRandomValues(new Uint32Array(6)).reduce((key, part) => key + part.toString(36), "");
}
