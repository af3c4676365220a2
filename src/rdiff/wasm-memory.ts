/** Memory for the modules of src/rdiff/wasm/: of one thread, or shared by several. */
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ReleasePlanError } from '../core/errors.ts';

/** 64 KiB: the unit in which wasm memory is sized. */
export const WASM_PAGE_BYTES = 65536;

/** What a 32-bit wasm memory can address: 4 GiB. */
export const WASM_LIMIT_BYTES = 65536 * WASM_PAGE_BYTES;

/**
 * A memory of at least the given size, all zeros. Pages that are never touched cost address space, not memory.
 *
 * @param shared for several threads: {@link withSharedMemory} frees it
 * @throws ReleasePlanError `engine-memory` when the system has no room for it
 */
export function wasmMemory(sizeBytes: number, shared = false): WebAssembly.Memory {
  const pages = Math.ceil(sizeBytes / WASM_PAGE_BYTES);
  try {
    return new WebAssembly.Memory({ initial: pages, maximum: pages, shared });
  } catch (cause) {
    throw new ReleasePlanError(
      'engine-memory',
      `cannot allocate ${pages * WASM_PAGE_BYTES} bytes of address space for the delta engine`,
      { cause, hint: 'Lower --memory, or raise the limit (ulimit -v).' },
    );
  }
}

/**
 * Runs `body` with a shared memory, and frees it.
 *
 * @throws ReleasePlanError `engine-memory`; what `body` throws
 */
export async function withSharedMemory<T>(
  sizeBytes: number,
  body: (memory: WebAssembly.Memory) => Promise<T>,
): Promise<T> {
  try {
    return await body(wasmMemory(sizeBytes, true));
  } finally {
    await freeMemories(sizeBytes);
  }
}

/** Collecting takes some 10 ms: not worth it for what is less. */
const WORTH_BYTES = 64 * 2 ** 20;

let waitingBytes = 0;
let collect: (() => void) | undefined;

/**
 * Frees shared memories of WebAssembly that this thread refers to no more, once there is enough of them. V8 does not
 * count them among what its collector is for: of twelve deltas one after the other, each kept its tables until the
 * process ended. A shared memory is gone when no thread refers to it.
 *
 * @param letGoBytes what the caller has just let go of
 */
export async function freeMemories(letGoBytes: number): Promise<void> {
  waitingBytes += letGoBytes;
  if (waitingBytes < WORTH_BYTES) return;
  waitingBytes = 0;
  // What is being returned from is still referred to.
  await setImmediate();
  collect ??= exposed();
  collect();
}

/** The collector has no interface but this one; of a flag that is set late, contexts know that are made after it. */
function exposed(): () => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  // A code cache is taken by a V8 with the flags that made it alone.
  setFlagsFromString('--no-expose-gc');
  return gc;
}
