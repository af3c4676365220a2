/** Remembers when each archived file was last read and found whole, so that a night need not read them all. */
import { relative } from 'node:path';
import type { ArchivedFile } from '../core/archive.ts';
import { productDir, type ArchiveKey } from './layout.ts';
import type { FileStamp, ReadOptions } from './manifest.ts';

/** One file as it was when it was last read and equal to its manifest. */
export interface LedgerEntry {
  sizeBytes: number;
  /** Nanoseconds of the epoch, in decimal: more than a JSON number holds. */
  mtimeNs: string;
  ctimeNs: string;
  /** 64 hex digits. */
  sha256: string;
  /** ISO 8601, UTC. */
  readAt: string;
}

/** By path below the product's folder. */
export type LedgerEntries = Record<string, LedgerEntry>;

/** The memory of one archive while it is being read. */
export class ReadLedger {
  readonly #root: string;
  readonly #entries: Map<string, LedgerEntry>;
  readonly #now: Date;
  readonly #readNow = new Set<string>();

  /** @param now what is read from here on was read then */
  constructor(key: ArchiveKey, entries: LedgerEntries, now: Date) {
    this.#root = productDir(key);
    this.#entries = new Map(Object.entries(entries));
    this.#now = now;
  }

  /**
   * When a file was last read, in milliseconds of the epoch; undefined when that is not known, or lies in the future.
   */
  readAtMs(path: string): number | undefined {
    const readAtMs = Date.parse(this.#entries.get(this.#nameOf(path))?.readAt ?? '');
    return Number.isNaN(readAtMs) || readAtMs > this.#now.getTime() ? undefined : readAtMs;
  }

  /** Reads what is `due`, and whatever is not known to be as it was when it was last read. */
  reading(due: ReadonlySet<string>): ReadOptions {
    return {
      vouches: (path, file, stamp) => this.#vouches(path, file, stamp, !due.has(path)),
      onWhole: (path, file, stamp) => this.#note(path, file, stamp),
    };
  }

  /** Reads everything that was not read since this ledger was made. */
  readingAll(): ReadOptions {
    return {
      vouches: (path, file, stamp) => this.#vouches(path, file, stamp, this.#readNow.has(this.#nameOf(path))),
      onWhole: (path, file, stamp) => this.#note(path, file, stamp),
    };
  }

  /** What is to be remembered, of the files that are still there. */
  entriesOf(paths: Iterable<string>): LedgerEntries {
    const kept: LedgerEntries = {};
    for (const name of [...paths].map((path) => this.#nameOf(path)).sort()) {
      const entry = this.#entries.get(name);
      if (entry !== undefined) kept[name] = entry;
    }
    return kept;
  }

  #vouches(path: string, file: ArchivedFile, stamp: FileStamp, mayRest: boolean): boolean {
    const name = this.#nameOf(path);
    const known = this.#entries.get(name);
    const same =
      known !== undefined &&
      known.sizeBytes === file.sizeBytes &&
      known.sha256 === file.sha256 &&
      known.mtimeNs === String(stamp.mtimeNs) &&
      known.ctimeNs === String(stamp.ctimeNs);
    if (mayRest && same && (this.#readNow.has(name) || this.readAtMs(path) !== undefined)) return true;
    // Forgotten until it was read: a file that is found damaged stays due.
    this.#entries.delete(name);
    return false;
  }

  #note(path: string, { sizeBytes, sha256 }: ArchivedFile, { mtimeNs, ctimeNs }: FileStamp): void {
    const name = this.#nameOf(path);
    this.#readNow.add(name);
    this.#entries.set(name, {
      sizeBytes,
      mtimeNs: String(mtimeNs),
      ctimeNs: String(ctimeNs),
      sha256,
      readAt: this.#now.toISOString(),
    });
  }

  #nameOf(path: string): string {
    return relative(this.#root, path);
  }
}
