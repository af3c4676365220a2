/** Remembers when each archived file was last read and found whole, so that nobody need read them all each time. */
import { relative } from 'node:path';
import type { ArchivedFile } from '../core/archive.ts';
import { productDir, type ArchiveKey } from './layout.ts';
import type { FileStamp, ReadOptions } from './manifest.ts';

/** One file as it was when it was last read and equal to its manifest. */
export interface LedgerEntry {
  sizeBytes: number;
  /** In decimal, as the times: more than a JSON number holds. `0` where each mount gets another number. */
  dev: string;
  ino: string;
  /** Nanoseconds of the epoch. */
  mtimeNs: string;
  ctimeNs: string;
  /** sha256 of the manifest that it was compared with, 64 hex digits. */
  manifest: string;
  /** 64 hex digits. */
  sha256: string;
  /** ISO 8601, UTC. */
  readAt: string;
}

/** By path below the product's folder. */
export type LedgerEntries = Record<string, LedgerEntry>;

/**
 * A device's number, where it says something: file systems without a device of their own (NFS, Btrfs, overlay) get
 * another one at each mount.
 *
 * @see Linux Documentation/admin-guide/devices.txt: major 0 is for unnamed devices; glibc gnu_dev_major
 */
const deviceOf = (dev: bigint): string => (((dev >> 8n) & 0xfffn) === 0n && dev >> 44n === 0n ? '0' : String(dev));

/** The memory of one archive while it is being read. */
export class ReadLedger {
  readonly #root: string;
  readonly #entries: Map<string, LedgerEntry>;
  readonly #now: Date;
  readonly #readNow = new Set<string>();
  #hasChanged = false;

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

  /** Whether something is to be remembered, or forgotten, that was not before. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  /** Everything that is remembered. */
  entries(): LedgerEntries {
    return Object.fromEntries([...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1)));
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

  /** Reads nothing, and takes what it is shown for read: what this process has just written, read back and hashed. */
  readingMade(): ReadOptions {
    return {
      vouches: (path, file, stamp) => {
        this.#note(path, file, stamp);
        return true;
      },
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
      known.manifest === stamp.manifest &&
      known.dev === deviceOf(stamp.dev) &&
      known.ino === String(stamp.ino) &&
      known.mtimeNs === String(stamp.mtimeNs) &&
      known.ctimeNs === String(stamp.ctimeNs);
    if (mayRest && same && (this.#readNow.has(name) || this.readAtMs(path) !== undefined)) return true;
    // Forgotten until it was read: a file that is found damaged stays due.
    if (this.#entries.delete(name)) this.#hasChanged = true;
    return false;
  }

  #note(path: string, { sizeBytes, sha256 }: ArchivedFile, stamp: FileStamp): void {
    const name = this.#nameOf(path);
    this.#readNow.add(name);
    this.#hasChanged = true;
    this.#entries.set(name, {
      sizeBytes,
      dev: deviceOf(stamp.dev),
      ino: String(stamp.ino),
      mtimeNs: String(stamp.mtimeNs),
      ctimeNs: String(stamp.ctimeNs),
      manifest: stamp.manifest,
      sha256,
      readAt: this.#now.toISOString(),
    });
  }

  #nameOf(path: string): string {
    return relative(this.#root, path);
  }
}
