import { createHash } from 'node:crypto';
import { AheadReader, writeFully } from './files.ts';
import { putCopy, putEnd, putLiteralHead, putMagic } from '../encode.ts';
import { COMMAND_MAX_BYTES } from '../format.ts';
import type { Command } from './matches.ts';

/** What a delta consists of. */
export interface DeltaCounts {
  deltaBytes: number;
  /** 64 hex digits. */
  deltaSha256: string;
  /** Number of copy commands. */
  copies: number;
  /** Number of literal commands. */
  literals: number;
  copyBytes: number;
  literalBytes: number;
}

const BUFFER_BYTES = 1024 * 1024;

/**
 * Writes the delta, reading its literals from the target, in bounded memory.
 *
 * @param targetFd open for reading
 * @param deltaFd open for writing, empty
 * @param pause awaited after each full buffer with the bytes written so far: lets the event loop run, and throws to stop
 */
export async function emitDelta(commands: Iterable<Command>, targetFd: number, deltaFd: number, pause: (doneBytes: number) => Promise<void>): Promise<DeltaCounts> {
  const hash = createHash('sha256');
  const literals = new AheadReader(targetFd);
  const buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  const counts = { deltaBytes: 0, copies: 0, literals: 0, copyBytes: 0, literalBytes: 0 };
  let used = putMagic(buffer, 0);
  const flush = async (): Promise<void> => {
    const whole = buffer.subarray(0, used);
    hash.update(whole);
    writeFully(deltaFd, whole, counts.deltaBytes);
    counts.deltaBytes += used;
    used = 0;
    await pause(counts.deltaBytes);
  };
  for (const command of commands) {
    if (used + COMMAND_MAX_BYTES > BUFFER_BYTES) await flush();
    if (command.kind === 'copy') {
      used = putCopy(buffer, used, command.base, command.length);
      counts.copies += 1;
      counts.copyBytes += command.length;
      continue;
    }
    used = putLiteralHead(buffer, used, command.length);
    counts.literals += 1;
    counts.literalBytes += command.length;
    for (let done = 0; done < command.length; ) {
      if (used === BUFFER_BYTES) await flush();
      const take = Math.min(command.length - done, BUFFER_BYTES - used);
      literals.copy(command.target + done, buffer.subarray(used, used + take));
      used += take;
      done += take;
    }
  }
  if (used === BUFFER_BYTES) await flush();
  used = putEnd(buffer, used);
  await flush();
  return { ...counts, deltaSha256: hash.digest('hex') };
}
