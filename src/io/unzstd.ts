import { errnoOf, type ReleasePlanError } from '../core/errors.ts';
import { startProgram } from './children.ts';
import { toolEnvironment } from './environment.ts';
import { missingTool } from './tools.ts';

/**
 * The bytes of a file that zstd compressed. Node.js 20 has no zstd; Debian's program has, with the 128 MiB window limit
 * that SWUpdate keeps as well.
 *
 * @param damaged the error for a file that is not whole, by what zstd says of it
 * @throws what `damaged` makes; ReleasePlanError `tool-missing`; AbortError
 */
export async function* unzstd(
  path: string,
  damaged: (complaint: string) => ReleasePlanError,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const child = startProgram('zstd', ['--decompress', '--stdout', '--quiet', '--', path], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: toolEnvironment(),
    ...(signal ? { signal } : {}),
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-2000);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', (error) => reject(errnoOf(error) === 'ENOENT' ? missingTool('zstd', error) : error));
    child.once('close', resolve);
  });
  // Awaited below; without this a failed start would count as unhandled while the pipe is read.
  ended.catch(() => undefined);
  try {
    yield* child.stdout;
    const status = await ended;
    if (status !== 0) throw damaged(complaint.trim() || `zstd exited with ${status}`);
  } finally {
    child.kill();
  }
}
