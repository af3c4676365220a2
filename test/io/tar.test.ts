/** Archives of GNU tar in each of its formats, read in chunks of any size. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tarMembers } from '../../src/io/tar.ts';
import { noise } from '../support/noise.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io/tar');
const dir = scratch('tar');

/** Names that fit the old header, need the prefix of ustar, and fit neither. */
const deep = `${'d'.repeat(90)}/${'e'.repeat(60)}/file`;
const long = `${'n'.repeat(120)}/${'m'.repeat(140)}`;
const FILES: Record<string, Buffer> = {
  a: Buffer.from('a'),
  empty: Buffer.alloc(0),
  block: Buffer.from(noise(512, 1)),
  grüße: Buffer.from('b'),
  [deep]: Buffer.from(noise(70_000, 2)),
  [long]: Buffer.from(noise(513, 3)),
};
for (const [name, bytes] of Object.entries(FILES)) {
  mkdirSync(dirname(join(dir, name)), { recursive: true });
  writeFileSync(join(dir, name), bytes);
}
symlinkSync('a', join(dir, 'link'));

const archive = (format: string, names: readonly string[]): Buffer =>
  execFileSync('tar', ['-c', '-H', format, '--no-recursion', '-C', dir, '--', ...names], { maxBuffer: 2 ** 26 });

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const LIMITS = { memberBytes: 1_000_000, archiveBytes: 10_000_000 };

/** What is read, or what is said of it. */
async function read(
  bytes: Buffer,
  size: number,
  limits = LIMITS,
): Promise<Array<[string, Buffer | undefined]> | string> {
  const members: Array<[string, Buffer | undefined]> = [];
  try {
    for await (const one of tarMembers(chunks(bytes, size), limits, (problem) => new Error(`it ${problem}`)))
      members.push([one.name, one.bytes]);
    return members;
  } catch (error) {
    return (error as Error).message;
  }
}

for (const format of ['gnu', 'pax', 'ustar', 'oldgnu'])
  test(`${format}: files by their names, whole; folders and links are passed over`, async () => {
    const names = Object.keys(FILES).filter((name) => format !== 'ustar' || name !== long);
    const bytes = archive(format, [...names, 'link', dirname(deep).split('/')[0] ?? '']);
    const expected = names.map((name): [string, Buffer | undefined] => [name, FILES[name]]);
    for (const size of [100, 512, 65_536]) assert.equal(await read(bytes, size), expected);
  });

test('what is too large is passed over, or ends it', async () => {
  const bytes = archive('pax', Object.keys(FILES));
  const members = await read(bytes, 4096, { ...LIMITS, memberBytes: 1000 });
  assert.equal(Object.fromEntries(members as Array<[string, Buffer | undefined]>), { ...FILES, [deep]: undefined });
  assert.match(String(await read(bytes, 4096, { ...LIMITS, archiveBytes: 50_000 })), /^it holds more than is read/);
});

test('a damaged archive ends in words, never in a hang or a bug', async () => {
  const whole = archive('pax', Object.keys(FILES));
  assert.is(await read(whole.subarray(0, 3000), 512), 'it ends before the tar archive does');
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.nat(255), async (at, byte) => {
      const broken = Buffer.from(whole);
      broken[at] = byte;
      const found = await read(broken, 4096);
      if (typeof found === 'string') assert.match(found, /^it /);
    }),
    { numRuns: 200 },
  );
});

test.run();
