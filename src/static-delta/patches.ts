/** Patches that several deltas of one run have in common, kept in a folder until the run ends. */
import { createHash } from 'node:crypto';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { errnoOf } from '../core/errors.ts';
import { isDiskFull } from '../io/attribute.ts';

/** What a file becomes against its source, without what depends on the part that it is in. */
export type KeptPatch =
  /** In the form of bsdiff. */
  | { kind: 'patch'; patch: Buffer }
  /** Nothing of it is found in the source. */
  | { kind: 'whole' };

/** The folder, which all threads write to and read from. */
export class KeptPatches {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(source: string, file: string): KeptPatch | undefined {
    try {
      const bytes = readFileSync(this.#path(source, file));
      return bytes.length === 0 ? { kind: 'whole' } : { kind: 'patch', patch: bytes };
    } catch (error) {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  /**
   * Another thread may write the same at the same time: what has its name is whole. Where the disk has no room for it,
   * the next delta makes it anew.
   */
  write(source: string, file: string, kept: KeptPatch): void {
    const path = this.#path(source, file);
    const temporary = `${path}.${threadId}`;
    try {
      writeFileSync(temporary, kept.kind === 'whole' ? Buffer.alloc(0) : kept.patch);
      renameSync(temporary, path);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      rmSync(temporary, { force: true });
    }
  }

  #path(source: string, file: string): string {
    return join(this.#folder, createHash('sha256').update(`${source}-${file}`).digest('hex'));
  }
}
