/** What a payload is, by its first bytes: which compression, and whether a librsync delta is inside. */
import { gunzipSync, constants } from 'node:zlib';
import { ReleasePlanError } from '../core/errors.ts';
import { runForBytes } from '../io/process.ts';

/** How a payload is stored, in SWUpdate's words (`zlib` is the gzip format). */
export type StoredAs = 'zlib' | 'zstd' | 'xz' | 'none';

export interface Payload {
  storedAs: StoredAs;
  /** Undefined where the compression cannot be undone here. */
  isDelta: boolean | undefined;
}

/** So many bytes of a payload are enough to tell. */
export const HEAD_BYTES = 64 * 1024;

/** @see librsync's librsync.h, RS_DELTA_MAGIC: the one delta format that there is */
const DELTA_MAGIC = 0x72730236;

const MAGICS: ReadonlyArray<readonly [storedAs: StoredAs, bytes: string]> = [
  ['zlib', '1f8b'],
  ['zstd', '28b52ffd'],
  ['xz', 'fd377a585a00'],
];

/** @param head the first {@link HEAD_BYTES} of the payload, or all of it */
export async function payloadOf(head: Buffer): Promise<Payload> {
  const storedAs = MAGICS.find(([, magic]) => head.subarray(0, magic.length / 2).toString('hex') === magic)?.[0];
  const bare = await unpack(head, storedAs ?? 'none');
  const isDelta = bare === undefined ? undefined : bare.length >= 4 && bare.readUInt32BE() === DELTA_MAGIC;
  return { storedAs: storedAs ?? 'none', isDelta };
}

/** The first bytes before compression; the end of what is given is not the end of the stream. */
async function unpack(head: Buffer, storedAs: StoredAs): Promise<Buffer | undefined> {
  switch (storedAs) {
    case 'none':
      return head;
    case 'zlib':
      return gunzipped(head);
    case 'zstd':
      return await byProgram('zstd', head);
    case 'xz':
      return await byProgram('xz', head);
  }
}

function gunzipped(head: Buffer): Buffer | undefined {
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    // Damaged data: whatever it once was, it is no delta that anyone can tell.
    if (error instanceof Error && 'code' in error) return undefined;
    throw error;
  }
}

async function byProgram(program: string, head: Buffer): Promise<Buffer | undefined> {
  try {
    const bytes = await runForBytes(program, ['-dc'], { input: head, okCodes: [0, 1] });
    return bytes.byteLength === 0 ? undefined : Buffer.from(bytes);
  } catch (error) {
    if (error instanceof ReleasePlanError && error.code !== 'interrupted') return undefined;
    throw error;
  }
}
