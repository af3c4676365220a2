import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ReleasePlanError, errnoOf } from '../core/errors.ts';
import { publishFile } from '../io/atomic.ts';
import { startProgram } from '../io/children.ts';
import { toolEnvironment } from '../io/environment.ts';
import { missingTool } from '../io/tools.ts';

export interface CompressOptions {
  /** Compression level; {@link GZIP_LEVEL} or {@link ZSTD_LEVEL} by default. */
  level?: number;
  signal?: AbortSignal;
}

/** What a compressed file came to. */
export interface Compressed {
  sizeBytes: number;
}

/**
 * libdeflate's level that docs/performance.md settles on: each level's bytes
 * and seconds stand there, beside gzip -9, pigz -11 and zopfli.
 */
export const GZIP_LEVEL = 12;

/** The highest of zstd's levels whose memory a build host always has. */
export const ZSTD_LEVEL = 19;

/**
 * The window of 2^27 bytes = 128 MiB, the largest that SWUpdate's reader takes:
 * it keeps libzstd's default limit.
 */
const ZSTD_WINDOW_LOG = 27;

/** libdeflate-gzip maps its whole input; beyond this it is given to zlib in a stream instead. */
const LIBDEFLATE_LIMIT_BYTES = 1024 * 1024 * 1024;

/**
 * Compresses a file as gzip, better than `gzip -9` does and readable by every
 * zlib. The same input gives the same bytes: no name, no time.
 *
 * libdeflate holds input and output in memory, so files over 1 GiB go through
 * `gzip -9`, which streams.
 *
 * @throws ReleasePlanError `tool-missing`, `tool-failed`; AbortError
 */
export async function gzipFile(path: string, out: string, options: CompressOptions = {}): Promise<Compressed> {
  const { level = GZIP_LEVEL, signal } = options;
  const isSmall = (await stat(path)).size <= LIBDEFLATE_LIMIT_BYTES;
  const [command, args] = isSmall
    ? (['libdeflate-gzip', [`-${level}`, '-c', resolve(path)]] as const)
    : (['gzip', [`-${Math.min(level, 9)}`, '-c', '-n', resolve(path)]] as const);
  return await compressThrough(command, args, out, signal);
}

/**
 * Compresses a file as one zstd frame with a window of up to 128 MiB, its size
 * in the header and a checksum. The same input gives the same bytes.
 *
 * @throws ReleasePlanError `tool-missing`, `tool-failed`; AbortError
 */
export async function zstdFile(path: string, out: string, options: CompressOptions = {}): Promise<Compressed> {
  const { level = ZSTD_LEVEL, signal } = options;
  // One thread: with more, zstd cuts the input into jobs and the bytes depend on the machine.
  const args = [
    `-${level}`,
    `--long=${ZSTD_WINDOW_LOG}`,
    '--single-thread',
    '--check',
    '--quiet',
    '--stdout',
    resolve(path),
  ];
  return await compressThrough('zstd', args, out, signal);
}

/** Runs a program whose stdout is the compressed file; the file gets its name only when the program has ended well. */
async function compressThrough(
  command: string,
  args: readonly string[],
  out: string,
  signal?: AbortSignal,
): Promise<Compressed> {
  return await publishFile(out, async (temporary) => {
    const handle = await open(temporary, 'wx');
    try {
      const child = startProgram(command, args, {
        stdio: ['ignore', handle.fd, 'pipe'],
        env: toolEnvironment(),
        ...(signal ? { signal } : {}),
      });
      let complaint = '';
      child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        complaint = (complaint + text).slice(-2000);
      });
      const [status] = (await once(child, 'close').catch((error: unknown) => {
        throw errnoOf(error) === 'ENOENT' ? missingTool(command, error) : error;
      })) as [number | null];
      if (status !== 0)
        throw new ReleasePlanError(
          'tool-failed',
          `${command} failed on ${args.at(-1)}: ${complaint.trim() || `exit code ${status}`}`,
        );
      return { sizeBytes: (await handle.stat()).size };
    } finally {
      await handle.close();
    }
  });
}
