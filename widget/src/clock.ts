// One timer for everything that ticks: relative times, countdowns, the next look for new comments.

export class Clock {
  private readonly _watchers = new Set<() => void>();

  constructor(signal: AbortSignal) {
    const timer = setInterval(() => this._watchers.forEach((watcher) => watcher()), 1000);
    signal.addEventListener("abort", () => {
      clearInterval(timer);
      this._watchers.clear();
    });
  }

  /** Calls each second until the returned function is called. */
  every(watcher: () => void): () => void {
    this._watchers.add(watcher);
    return () => this._watchers.delete(watcher);
  }

  /** Calls with the whole seconds that are left, at once and each second, 0 last. */
  countdown(end: number, watcher: (left: number) => void): () => void {
    const tell = () => {
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      if (!left) stop();
      watcher(left);
    };
    const stop = this.every(tell);
    tell();
    return stop;
  }
}
