import { writeFileSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readAt, writeAt } from '../../src/io/positioned.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io/positioned');
const path = join(scratch('positioned'), 'file');

/** A handle whose system calls take three bytes at most, as they may at any time. */
function short(handle: FileHandle): FileHandle {
  return {
    read: async (into: Uint8Array, offset: number, length: number, position: number) =>
      await handle.read(into, offset, Math.min(3, length), position),
    write: async (bytes: Uint8Array, offset: number, length: number, position: number) =>
      await handle.write(bytes, offset, Math.min(3, length), position),
  } as unknown as FileHandle;
}

test('reads and writes go on where a call took fewer bytes', async () => {
  writeFileSync(path, '0123456789');
  const handle = await open(path, 'r+');
  try {
    await writeAt(short(handle), Buffer.from('ABCDEFG'), 2);
    const into = Buffer.alloc(20);
    assert.is(await readAt(short(handle), into, 1), 9);
    assert.is(into.toString('latin1', 0, 9), '1ABCDEFG9');
    assert.is(await readAt(short(handle), into, 100), 0);
  } finally {
    await handle.close();
  }
});

test.run();
