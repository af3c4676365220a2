import { formatBytes } from './bytes.ts';
import { formatDuration } from './duration.ts';

/** Bytes are counted for so long before they are shown again: logs keep every line. */
const INTERVAL_MS = 2000;

/** Counts bytes of a task that reads for hours, and says how far it is, how fast, and how long it will take. */
export class Meter {
  readonly #totalBytes: number;
  readonly #progress: (message: string) => void;
  readonly #startMs = performance.now();
  #shownMs = this.#startMs;
  #doneBytes = 0;
  #what = '';

  /** @param totalBytes as far as it is known before */
  constructor(totalBytes: number, progress: (message: string) => void) {
    this.#totalBytes = totalBytes;
    this.#progress = progress;
  }

  get doneBytes(): number {
    return this.#doneBytes;
  }

  /** What is being read. */
  at(what: string): void {
    this.#what = what;
    if (this.#doneBytes === 0) this.#progress(what);
  }

  add(bytes: number): void {
    this.#doneBytes += bytes;
    const nowMs = performance.now();
    if (nowMs - this.#shownMs < INTERVAL_MS) return;
    this.#shownMs = nowMs;
    this.#progress(
      `${formatBytes(this.#doneBytes)} of ${formatBytes(this.#totalBytes)}, ${this.#rate(nowMs)}` +
        `${this.#remaining(nowMs)}: ${this.#what}`,
    );
  }

  /** The whole in words: `1.2 GiB, 800 MiB/s`. */
  summary(): string {
    return `${formatBytes(this.#doneBytes)}, ${this.#rate(performance.now())}`;
  }

  #rate(nowMs: number): string {
    return `${formatBytes(Math.round((this.#doneBytes * 1000) / Math.max(1, nowMs - this.#startMs)))}/s`;
  }

  #remaining(nowMs: number): string {
    const leftBytes = this.#totalBytes - this.#doneBytes;
    if (leftBytes <= 0 || this.#doneBytes === 0) return '';
    return `, ${formatDuration((leftBytes * (nowMs - this.#startMs)) / this.#doneBytes)} left`;
  }
}
