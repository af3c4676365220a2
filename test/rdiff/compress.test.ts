import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { gzipFile, zstdFile } from '../../src/rdiff/compress.ts';
import { readDelta } from '../../src/rdiff/delta-source.ts';
import { failureOf } from '../support/failure.ts';
import { noise } from '../support/noise.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('rdiff/compress');
const dir = scratch('compress');
const file = join(dir, 'file');
const packed = join(dir, 'packed');

/** Text that compresses as text does. */
const text = readFileSync(new URL('../../package-lock.json', import.meta.url));

test('gzip is valid for zlib and smaller than gzip -9', async () => {
  writeFileSync(file, text);
  const { sizeBytes } = await gzipFile(file, packed);
  assert.ok(gunzipSync(readFileSync(packed)).equals(text));
  assert.is(sizeBytes, statSync(packed).size);
  assert.ok(sizeBytes < execFileSync('gzip', ['-9', '-c', file]).length);
});

test('zstd is one frame that the default window limit of libzstd reads', async () => {
  writeFileSync(file, Buffer.concat([text, noise(200_000, 1), text]));
  await zstdFile(file, packed);
  assert.ok(execFileSync('zstd', ['-dc', packed]).equals(readFileSync(file)));
  const listing = execFileSync('zstd', ['-lv', packed], { encoding: 'utf8' });
  assert.match(listing, /Number of files: 1|# Zstandard Frames: 1/);
  const windowBytes = Number(/Window Size: .*\((\d+) B\)/.exec(listing)?.[1]);
  assert.ok(windowBytes <= 2 ** 27, listing);
});

test('the same content gives the same bytes, whatever the name and the time', async () => {
  const other = join(dir, '-other name');
  for (const compress of [gzipFile, zstdFile]) {
    writeFileSync(file, text);
    await compress(file, packed);
    const first = readFileSync(packed);
    writeFileSync(other, text);
    utimesSync(other, 1, 1);
    await compress(other, packed);
    assert.ok(readFileSync(packed).equals(first));
  }
});

async function unpacked(): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readDelta(packed)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('what either wrote is read back, also nothing at all', async () => {
  for (const content of [Buffer.concat([noise(700_000, 2), text]), Buffer.alloc(0)]) {
    writeFileSync(file, content);
    for (const compress of [gzipFile, zstdFile]) {
      await compress(file, packed);
      assert.ok((await unpacked()).equals(content));
    }
  }
});

test('what was cut short is refused when it is read', async () => {
  writeFileSync(file, noise(700_000, 2));
  for (const compress of [gzipFile, zstdFile]) {
    await compress(file, packed);
    writeFileSync(packed, readFileSync(packed).subarray(0, 400_000));
    assert.is((await failureOf(unpacked)).code, 'delta-corrupt');
  }
});

test('a failing program leaves no file and its words are in the error', async () => {
  const folder = join(dir, 'folder');
  mkdirSync(folder, { recursive: true });
  const out = join(dir, 'not-made');
  for (const compress of [gzipFile, zstdFile]) {
    const failure = await failureOf(async () => await compress(folder, out));
    assert.is(failure.code, 'tool-failed');
    assert.match(failure.message, /folder/);
  }
  assert.not(existsSync(out));
  assert.equal(
    readdirSync(dir).filter((name) => name.startsWith('.')),
    [],
  );
});

test('a missing program is named with its package', async () => {
  const path = process.env.PATH;
  process.env.PATH = dir;
  try {
    const failure = await failureOf(async () => await gzipFile(file, join(dir, 'not-made')));
    assert.is(failure.code, 'tool-missing');
    assert.match(failure.hint ?? '', /libdeflate-tools/);
  } finally {
    process.env.PATH = path;
  }
});

test.run();
