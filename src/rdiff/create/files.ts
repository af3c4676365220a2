import { readSync, writeSync } from 'node:fs';
import { ReleasePlanError } from '../../errors.ts';

/**
 * Fills `into` from a place in a file. Synchronous: these run on threads of
 * their own, straight into wasm memory, and a promise per read costs more than the read.
 *
 * @throws ReleasePlanError `io-failed` when the file ends before: it was cut while it was read
 */
export function readFully(fd: number, into: Uint8Array, position: number): void {
  for (let done = 0; done < into.length; ) {
    const got = readSync(fd, into, done, into.length - done, position + done);
    if (got === 0) throw new ReleasePlanError('io-failed', `an image ended at byte ${position + done} while it was read`, { hint: 'Does another process write it?' });
    done += got;
  }
}

/** Writes all of `from` at a place in a file. */
export function writeFully(fd: number, from: Uint8Array, position: number): void {
  for (let done = 0; done < from.length; ) done += writeSync(fd, from, done, from.length - done, position + done);
}
