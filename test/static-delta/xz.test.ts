/** Every level of xz gives what clients can read within their memory. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compressXz, decompressXz } from '../../src/static-delta/xz.ts';
import { noise } from '../support/noise.ts';

const test = suite('static-delta: xz');

async function compressed(bytes: Uint8Array, level: number): Promise<Buffer> {
  const compressor = compressXz(level);
  const chunks: Buffer[] = [];
  compressor.output.on('data', (chunk: Buffer) => void chunks.push(chunk));
  const ended = new Promise((resolve) => compressor.output.once('end', resolve));
  await compressor.write(bytes);
  await compressor.end();
  await ended;
  return Buffer.concat(chunks);
}

/** As parts are: stretches that repeat from far away, with bytes between them that do not. */
function likeAPart(): Buffer {
  const stretches = Array.from({ length: 40 }, (_, at) => noise(5000, at));
  return Buffer.concat(
    Array.from({ length: 400 }, (_, at) => [
      stretches[(at * 7) % stretches.length] ?? Buffer.alloc(0),
      noise(at % 30, 1000 + at),
    ]).flat(),
  );
}

test('what each level makes is read back', async () => {
  const bytes = likeAPart();
  for (let level = 0; level <= 9; level += 1) {
    const stream = await compressed(bytes, level);
    assert.ok((await decompressXz(stream, bytes.length)).equals(bytes), `level ${level}`);
  }
});

test('a program is smaller than the preset makes it', async () => {
  // Of Node.js, since there is one everywhere.
  const bytes = readFileSync(process.execPath).subarray(20_000_000, 22_000_000);
  for (const level of [2, 3, 4]) {
    const stream = await compressed(bytes, level);
    const preset = execFileSync('xz', [`-${level}`, '--check=crc64', '--stdout'], { input: bytes });
    assert.ok(stream.length < preset.length, `level ${level}: ${stream.length} and ${preset.length}`);
  }
});

test('the same bytes come of the same input, whatever the user sets for xz', async () => {
  const bytes = likeAPart();
  const before = process.env.XZ_OPT;
  const plain = await compressed(bytes, 6);
  process.env.XZ_OPT = '-0 --threads=0';
  try {
    assert.ok((await compressed(bytes, 6)).equals(plain));
  } finally {
    if (before === undefined) delete process.env.XZ_OPT;
    else process.env.XZ_OPT = before;
  }
});

test.run();
