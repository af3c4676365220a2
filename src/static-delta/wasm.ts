/**
 * How the AssemblyScript module of src/static-delta/wasm/ and the worker
 * threads are found: always in dist/, where the build puts them. A worker
 * cannot be started from TypeScript on Node 20.
 */
import { readFile } from 'node:fs/promises';
import { ReleasePlanError } from '../core/errors.ts';

/** 64 KiB: the unit in which wasm memory is sized. */
export const WASM_PAGE_BYTES = 65536;

/** What a 32-bit wasm memory can address, in pages: 4 GiB. */
export const WASM_PAGES = 65536;

/**
 * A file of the build, as seen from src/ and from dist/ alike.
 *
 * @param path relative to dist/static-delta/, for example `worker.js`
 */
export const builtFile = (path: string): URL => new URL(`../../dist/static-delta/${path}`, import.meta.url);

/**
 * Reads and compiles the matcher. The result can be posted to worker threads.
 *
 * @throws ReleasePlanError `engine-missing` when the package was not built
 */
export async function loadMatcher(): Promise<WebAssembly.Module> {
  const file = builtFile('wasm/match.wasm');
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new ReleasePlanError('engine-missing', `the compiled delta engine ${file.pathname} cannot be read`, {
      cause,
    });
  });
  return await WebAssembly.compile(bytes);
}
