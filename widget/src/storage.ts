// What this device remembers of a reader, in one localStorage item per service and site; nothing before the reader acts.

export interface Own {
  token?: string;
  until?: string;
  body?: string;
  waiting?: boolean;
  dismissed?: boolean;
}

export interface Draft {
  body: string;
  key?: string;
}

interface Kept {
  key?: string;
  name?: string;
  own: Record<string, Own>;
  votes: Record<string, number>;
  reported: Record<string, 1>;
  drafts: Record<string, Draft>;
  visits: Record<string, [before: number, latest: number]>;
}

const MOST = 300; // entries kept of each kind; the oldest ids go first
const VISIT = 30 * 60_000; // looking again within half an hour is the same visit

export class Store {
  // Stands in where localStorage throws or is full: then things last as long as the page.
  private _memory: string | null = null;
  private _text: string | null = null;
  private _kept: Kept | null = null;

  constructor(private readonly _name: string) {}

  /** Everything that is remembered, read afresh because other tabs write too. */
  get kept(): Kept {
    let text = this._memory;
    try {
      text = localStorage.getItem(this._name) ?? text;
    } catch {
      // Storage is forbidden here; memory serves.
    }
    if (text !== this._text || !this._kept) {
      this._text = text;
      this._kept = understood(text);
    }
    return this._kept;
  }

  change(edit: (kept: Kept) => void): void {
    const kept = this.kept;
    edit(kept);
    for (const kind of [kept.own, kept.votes, kept.reported, kept.drafts, kept.visits]) {
      for (const old of Object.keys(kind).slice(0, -MOST)) delete kind[old];
    }
    this._memory = this._text = JSON.stringify(kept);
    try {
      localStorage.setItem(this._name, this._memory);
      this._memory = null;
    } catch {
      // Forbidden or full; memory serves.
    }
  }

  forget(): void {
    this._memory = null;
    try {
      localStorage.removeItem(this._name);
    } catch {
      // Nothing could have been kept.
    }
  }

  /** The reader's author key, made when it is first needed. */
  authorKey(): string {
    const known = this.kept.key;
    if (known) return known;
    const key = randomKey();
    this.change((kept) => (kept.key = key));
    return key;
  }

  own(id: number): Own | undefined {
    return this.kept.own[id];
  }

  changeOwn(id: number, edit: Partial<Own>): void {
    this.change((kept) => (kept.own[id] = { ...kept.own[id], ...edit }));
  }

  /** When this reader was here before, if anything of theirs is stored anyway. */
  visit(slug: string, now: number): number | null {
    const kept = this.kept;
    if (!kept.key) return null;
    const [before, latest] = kept.visits[slug] ?? [now, now];
    const since = now - latest > VISIT ? latest : before;
    this.change((changed) => (changed.visits[slug] = [since, now]));
    return since;
  }
}

function understood(text: string | null): Kept {
  const empty: Kept = { own: {}, votes: {}, reported: {}, drafts: {}, visits: {} };
  try {
    return { ...empty, ...JSON.parse(text ?? "{}") };
  } catch {
    return empty; // somebody else's item under our name
  }
}

/** 144 random bits as 24 characters of base64url. */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_");
}
