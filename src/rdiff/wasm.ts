/**
 * How the AssemblyScript modules of src/rdiff/wasm/ and the worker threads are
 * found and started. Both are always taken from dist/: a worker cannot be
 * started from TypeScript on Node 20, and only the build makes the .wasm files.
 */
import { readFile } from 'node:fs/promises';
import type { WorkerOptions } from 'node:worker_threads';
import { ReleasePlanError } from '../core/errors.ts';

/** An entry of src/rdiff/wasm/assembly/entries/. */
export type WasmName = 'match' | 'signature';

/**
 * A file of the build, as seen from src/ and from dist/ alike.
 *
 * @param path relative to dist/rdiff/, for example `create/worker.js`
 */
export const builtFile = (path: string): URL => new URL(`../../dist/rdiff/${path}`, import.meta.url);

/** Compiled once for a process: V8 optimises a module while it runs, and the next delta begins with what that gave. */
const modules = new Map<WasmName, Promise<WebAssembly.Module>>();

/**
 * A module, read and compiled. It can be posted to worker threads,
 * which then share its compiled code.
 *
 * @throws ReleasePlanError `engine-missing` when the package was not built
 */
export async function loadWasm(name: WasmName): Promise<WebAssembly.Module> {
  const loading = modules.get(name) ?? compile(name);
  modules.set(name, loading);
  // Whoever comes after may find the file there.
  loading.catch(() => modules.delete(name));
  return await loading;
}

async function compile(name: WasmName): Promise<WebAssembly.Module> {
  const file = builtFile(`wasm/${name}.wasm`);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new ReleasePlanError('engine-missing', `the compiled delta engine ${file.pathname} cannot be read`, {
      cause,
    });
  });
  return await WebAssembly.compile(bytes);
}

/**
 * Runs a module over a memory.
 *
 * Functions take and return 32-bit numbers, and offsets in files as f64;
 * addresses come signed and need `>>> 0`.
 *
 * @param imports what the module calls, beside the memory
 */
export function instantiate<Exports>(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  imports: Record<string, (...numbers: number[]) => void> = {},
): Exports {
  return new WebAssembly.Instance(module, { env: { memory, ...imports } }).exports as Exports;
}

/**
 * Options of a worker thread that runs a file of the build: it needs no flags of the process, and some of those for
 * the main module (`--input-type`) it refuses.
 */
export const THREAD_OPTIONS: WorkerOptions = { execArgv: [] };
