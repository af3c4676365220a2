import { isKeepalive } from './output.ts';

/** What a watch has to know of a run. */
export interface WatchOptions {
  /** `kas build`, until the build says where it is. */
  name: string;
  /** Without a word and without processor time for so long, the build is stalled. */
  stallTimeoutMs: number;
  /** Something is told at least so often; 30 s by default. */
  heartbeatMs?: number;
  /** Processor time that the build's processes have used so far, in ms. */
  processorTimeMs: () => Promise<number>;
  onProgress?: (message: string) => void;
}

const HEARTBEAT_MS = 30_000;
/** Between two looks at the processor time, at most. */
const SAMPLE_MS = 60_000;
/** kas and BitBake wake up several times a second while they wait; together they stay below this share of one core. */
const IDLE_SHARE = 0.02;

/**
 * Tells where a build is, and notices when it does nothing. Doing something is
 * printing, except for BitBake's "still alive" every ten minutes, or using the
 * processor: a linker may say nothing for an hour.
 */
export class Watch {
  /** Resolves when the build is stalled. */
  readonly stalled: Promise<void>;
  readonly #options: WatchOptions;
  readonly #started = performance.now();
  #lastSign = performance.now();
  #lastWord = performance.now();
  #lastTold = performance.now();
  #at: string;
  #timer: NodeJS.Timeout | undefined;
  #sample: { atMs: number; usedMs: number } | undefined;
  #isSampling = false;

  constructor(options: WatchOptions) {
    this.#options = options;
    this.#at = options.name;
    const { heartbeatMs = HEARTBEAT_MS, stallTimeoutMs } = options;
    this.stalled = new Promise((resolve) => {
      this.#timer = setInterval(
        () => {
          const now = performance.now();
          void this.#lookAtProcessor(now);
          if (now - this.#lastSign >= stallTimeoutMs) resolve();
          else if (now - this.#lastTold >= heartbeatMs) this.#tell(this.#heartbeat(now));
        },
        Math.max(10, Math.min(1000, heartbeatMs / 2, stallTimeoutMs / 8)),
      );
    });
  }

  /** Bytes came that are no line yet, or a line. */
  sign(text: string): void {
    if (isKeepalive(text)) return;
    this.#lastSign = performance.now();
    this.#lastWord = this.#lastSign;
  }

  /** A line came that may say where the build is. */
  heard(progress: string | undefined): void {
    if (progress === undefined) return;
    this.#at = progress;
    this.#tell(progress);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  async #lookAtProcessor(now: number): Promise<void> {
    const every = Math.min(SAMPLE_MS, this.#options.stallTimeoutMs / 4);
    if (this.#isSampling || now - (this.#sample?.atMs ?? -Infinity) < every) return;
    this.#isSampling = true;
    try {
      const usedMs = await this.#options.processorTimeMs();
      const before = this.#sample;
      this.#sample = { atMs: now, usedMs };
      if (before !== undefined && usedMs - before.usedMs > IDLE_SHARE * (now - before.atMs)) this.#lastSign = now;
    } finally {
      this.#isSampling = false;
    }
  }

  #heartbeat(now: number): string {
    const sinceWord = now - this.#lastWord;
    const working = now - this.#lastSign < sinceWord / 2 ? ', its processes are working' : '';
    return (
      `still building after ${inWords(now - this.#started)}, last output ${inWords(sinceWord)} ago${working}; ` +
      `${this.#at}`
    );
  }

  #tell(message: string): void {
    this.#lastTold = performance.now();
    this.#options.onProgress?.(message);
  }
}

/** `90 s`, `15 min`. */
export function inWords(timeMs: number): string {
  const seconds = Math.round(timeMs / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
