/**
 * Files that are too large to be held in memory with their sources, here and
 * on a client: matched a window at a time, against what is near it in the source.
 */
import { closeSync, createReadStream, createWriteStream, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { threadId } from 'node:worker_threads';
import { createInflateRaw } from 'node:zlib';
import { diskFull, isDiskFull } from '../io/attribute.ts';
import { CopyWriter, appendPiece } from './copies.ts';
import type { Encoded } from './encoded.ts';
import type { Matcher } from './matcher.ts';
import { objectPath, type ObjectName } from './names.ts';
import { damagedObject } from './objects.ts';
import type { FileIndexes } from './operations.ts';
import type { StoredFile } from './plan.ts';

/** How much is matched at once. */
export interface Windows {
  /** Of the file. */
  sizeBytes: number;
  /** How much of the source before and behind the place of the last match is searched. */
  nearBytes: number;
}

const WINDOWS: Windows = { sizeBytes: 16 * 1024 * 1024, nearBytes: 16 * 1024 * 1024 };

/** With more new bytes than this a client does better to fetch the file by itself. */
const MOST_LITERAL_BYTES = 64_000_000;

/** A large file and its source. */
export interface LargePair {
  repo: string;
  file: StoredFile;
  source: StoredFile;
  /** Where both are unpacked meanwhile. */
  scratch: string;
}

/**
 * A large file by stretches of its source.
 *
 * @returns undefined where too much of it is new
 * @throws ReleasePlanError `ostree-object-damaged`
 */
export async function encodeLargeFile(
  matcher: Matcher,
  pair: LargePair,
  at: FileIndexes,
  payloadAt: number,
  windows = WINDOWS,
): Promise<Encoded | undefined> {
  const { repo, file, source, scratch } = pair;
  const paths = [file, source].map(({ checksum }) => join(scratch, `${checksum}.${threadId}`)) as [string, string];
  try {
    await unpack(repo, file, paths[0]);
    await unpack(repo, source, paths[1]);
    return matchWindows(
      matcher,
      pair,
      paths,
      new CopyWriter(file.head.sizeBytes, source.checksum, at, payloadAt),
      windows,
    );
  } finally {
    for (const path of paths) rmSync(path, { force: true });
  }
}

async function unpack(repo: string, { checksum, head }: StoredFile, path: string): Promise<void> {
  const name: ObjectName = { type: 'file', checksum };
  const from = createReadStream(objectPath(repo, name), { start: head.contentAt });
  const to = createWriteStream(path);
  await pipeline(from, createInflateRaw(), to).catch((error: unknown) => {
    throw isDiskFull(error) ? diskFull(path, head.sizeBytes, error) : damagedObject(name, repo, error);
  });
  if (to.bytesWritten !== head.sizeBytes) throw damagedObject(name, repo, new Error(`it has ${to.bytesWritten} bytes`));
}

function matchWindows(
  matcher: Matcher,
  { file, source }: LargePair,
  [filePath, sourcePath]: [string, string],
  writer: CopyWriter,
  windows: Windows,
): Encoded | undefined {
  const [fileHandle, sourceHandle] = [openSync(filePath, 'r'), openSync(sourcePath, 'r')];
  try {
    let drift = 0;
    for (let start = 0; start < file.head.sizeBytes; start += windows.sizeBytes) {
      const content = readPiece(fileHandle, start, Math.min(windows.sizeBytes, file.head.sizeBytes - start));
      const from = Math.max(0, Math.min(start + drift, source.head.sizeBytes) - windows.nearBytes);
      const near = readPiece(
        sourceHandle,
        from,
        Math.min(windows.sizeBytes + 2 * windows.nearBytes, source.head.sizeBytes - from),
      );
      const { regions } = matcher.match(near, content);
      appendPiece(writer, content, near, regions, from);
      const last = regions.findLast(({ sizeBytes }) => sizeBytes > 0);
      if (last !== undefined) drift = from + last.sourceAt - (start + last.at);
      if (writer.literalBytes > MOST_LITERAL_BYTES) return undefined;
    }
    return writer.finish();
  } finally {
    closeSync(fileHandle);
    closeSync(sourceHandle);
  }
}

function readPiece(handle: number, start: number, sizeBytes: number): Buffer {
  const piece = Buffer.allocUnsafeSlow(sizeBytes);
  let done = 0;
  while (done < sizeBytes) {
    const got = readSync(handle, piece, done, sizeBytes - done, start + done);
    if (got === 0) throw new Error('an unpacked file became shorter');
    done += got;
  }
  return piece;
}
