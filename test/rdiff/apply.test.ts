import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Code } from '../../src/core/codes/index.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { applyDelta } from '../../src/rdiff/apply.ts';
import { reconstruct } from '../../src/rdiff/reconstruct.ts';
import { copy, delta, literal, MAGIC, number } from '../support/delta-bytes.ts';
import { edited, pairs } from '../support/pairs.ts';
import { failureOf } from '../support/failure.ts';
import { noise } from '../support/noise.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('rdiff/apply');
const dir = scratch('apply');
const base = join(dir, 'base');
const target = join(dir, 'target');
const sig = join(dir, 'sig');
const deltaFile = join(dir, 'delta');
const out = join(dir, 'out');

function rdiffDelta(blockBytes: number): void {
  execFileSync('rdiff', ['--force', `--block-size=${blockBytes}`, 'signature', base, sig]);
  execFileSync('rdiff', ['--force', 'delta', sig, target, deltaFile]);
}

test("rdiff's own deltas give rdiff's targets", async () => {
  await fc.assert(
    fc.asyncProperty(pairs(6000), fc.constantFrom(16, 64, 256, 1000), async ([from, to], blockBytes) => {
      writeFileSync(base, from);
      writeFileSync(target, to);
      rdiffDelta(blockBytes);
      const applied = await applyDelta(base, deltaFile, out);
      assert.ok(readFileSync(out).equals(to));
      assert.equal(applied, { targetBytes: to.length, targetSha256: createHash('sha256').update(to).digest('hex') });
    }),
    { numRuns: 60 },
  );
});

test('a target of several pieces of work comes out whole', async () => {
  const from = noise(9_000_001, 1);
  const to = edited(from, 5);
  writeFileSync(base, from);
  writeFileSync(target, to);
  rdiffDelta(512);
  await applyDelta(base, deltaFile, out);
  assert.ok(readFileSync(out).equals(to));
});

test('does what rdiff patch does with every width of every command', async () => {
  const from = noise(70_000, 2);
  writeFileSync(base, from);
  const commands: Uint8Array[] = [];
  for (const offsetWidth of [1, 2, 4, 8])
    for (const lengthWidth of [1, 2, 4, 8])
      commands.push(copy(200 + offsetWidth, 30 + lengthWidth, offsetWidth, lengthWidth));
  for (const width of [0, 1, 2, 4, 8]) commands.push(literal(noise(40 + width, width), width));
  commands.push(copy(69_000, 1000), literal(noise(100_000, 9), 4));
  writeFileSync(deltaFile, delta(...commands));
  execFileSync('rdiff', ['--force', 'patch', base, deltaFile, target]);
  await applyDelta(base, deltaFile, out);
  assert.ok(readFileSync(out).equals(readFileSync(target)));
});

test('copies from beyond 4 GiB', async () => {
  const beyond = 5 * 2 ** 30;
  const large = join(dir, 'sparse');
  writeFileSync(large, '');
  truncateSync(large, beyond);
  appendFileSync(large, noise(10_000, 4));
  writeFileSync(deltaFile, delta(copy(beyond - 5, 10_005), copy(beyond + 9_999, 1), copy(2 ** 32, 20)));
  execFileSync('rdiff', ['--force', 'patch', large, deltaFile, target]);
  await applyDelta(large, deltaFile, out);
  assert.ok(readFileSync(out).equals(readFileSync(target)));
  assert.is(readFileSync(out).length, 10_026);
});

test('reads deltas that are compressed by gzip or zstd, whatever their name', async () => {
  const from = noise(50_000, 3);
  const to = edited(from, 4);
  writeFileSync(base, from);
  writeFileSync(target, to);
  rdiffDelta(64);
  const bare = readFileSync(deltaFile);
  for (const packed of [
    gzipSync(bare),
    execFileSync('zstd', ['-19', '--long=27', '-c', deltaFile], { stdio: ['ignore', 'pipe', 'ignore'] }),
  ]) {
    writeFileSync(deltaFile, packed);
    await applyDelta(base, deltaFile, out);
    assert.ok(readFileSync(out).equals(to));
    for (const damaged of [
      packed.subarray(0, packed.length - 20),
      Buffer.concat([packed.subarray(0, 40), Buffer.alloc(30), packed.subarray(70)]),
    ]) {
      writeFileSync(deltaFile, damaged);
      assert.is((await failureOf(async () => await applyDelta(base, deltaFile, out))).code, 'delta-corrupt');
    }
  }
});

const TEN = Buffer.from('0123456789');
const MALFORMED: ReadonlyArray<[what: string, bytes: Uint8Array, code: Code, words: RegExp]> = [
  ['nothing at all', new Uint8Array(0), 'delta-truncated', /within its magic number/],
  ['half a magic number', MAGIC.subarray(0, 2), 'delta-truncated', /at byte 2/],
  ['another magic number', number(0x504b0304, 4), 'delta-not-a-delta', /0x504b0304/],
  ['a signature', Buffer.concat([number(0x72730147, 4), Buffer.alloc(8)]), 'delta-not-a-delta', /0x72730147/],
  ['no end command', Buffer.concat([MAGIC, copy(0, 5)]), 'delta-truncated', /without an end command/],
  ['a command cut in two', Buffer.concat([MAGIC, copy(0, 5).subarray(0, 9)]), 'delta-truncated', /within a command/],
  [
    'a literal cut short',
    Buffer.concat([MAGIC, literal(TEN, 2).subarray(0, 8)]),
    'delta-truncated',
    /5 bytes before the end of a literal/,
  ],
  [
    'a literal of 4 PiB that never comes',
    Buffer.concat([MAGIC, Uint8Array.of(0x44), number(2n ** 52n, 8), TEN]),
    'delta-truncated',
    /before the end of a literal/,
  ],
  ['bytes after the end', Buffer.concat([delta(literal(TEN, 0)), TEN]), 'delta-corrupt', /data after the end command/],
  ['an empty literal', delta(Uint8Array.of(0x41, 0)), 'delta-corrupt', /an empty literal/],
  ['an empty copy', delta(copy(3, 0)), 'delta-corrupt', /an empty copy/],
  ['a reserved command', delta(Uint8Array.of(0x55)), 'delta-corrupt', /0x55/],
  ['the last reserved command', delta(Uint8Array.of(0xff)), 'delta-corrupt', /0xff/],
  ['a literal of 2^53 bytes', delta(Uint8Array.of(0x44), number(2n ** 53n, 8)), 'delta-corrupt', /2\^53/],
  ['a literal of 2^64 - 1 bytes', delta(Uint8Array.of(0x44), number(2n ** 64n - 1n, 8)), 'delta-corrupt', /2\^53/],
  ['a copy from 2^63', delta(copy(2n ** 63n, 1)), 'delta-corrupt', /2\^53/],
  ['a copy whose end overflows', delta(copy(2n ** 53n - 1n, 2n ** 53n - 1n)), 'delta-corrupt', /ends past 2\^53/],
  ['a copy from beyond the base', delta(copy(101, 1)), 'delta-beyond-base', /bytes 101 to 102 .* has 100 bytes/],
  ['a copy that runs over the end of the base', delta(copy(90, 11)), 'delta-beyond-base', /bytes 90 to 101/],
];

for (const [what, bytes, code, words] of MALFORMED) {
  test(`refuses a delta with ${what}, and keeps what had the name`, async () => {
    writeFileSync(base, noise(100, 1));
    writeFileSync(deltaFile, bytes);
    writeFileSync(out, 'as it was');
    const failure = await failureOf(async () => await applyDelta(base, deltaFile, out));
    assert.is(failure.code, code);
    assert.match(failure.message, words);
    assert.is(readFileSync(out, 'utf8'), 'as it was');
    assert.equal(
      readdirSync(dir).filter((name) => name.startsWith('.')),
      [],
    );
  });
}

test('mutated deltas by the ten thousand end in the target or in a clear error', async () => {
  const from = noise(3000, 11);
  writeFileSync(base, from);
  writeFileSync(target, edited(from, 12));
  rdiffDelta(32);
  const whole = readFileSync(deltaFile);
  const outcomes = new Map<string, number>();
  const random = noise(100_000, 13);
  for (let round = 0; round < 12_000; round += 1) {
    const mutant = Buffer.from(whole);
    const changes = 1 + (round % 4);
    for (let change = 0; change < changes; change += 1) {
      const at = 8 * ((round * 4 + change) % 12_500);
      const place = ((random[at] ?? 0) * 65_536 + (random[at + 1] ?? 0) * 256 + (random[at + 2] ?? 0)) % mutant.length;
      mutant[place] = (mutant[place] ?? 0) ^ (random[at + 3] ?? 0);
    }
    const bytes = round % 5 === 0 ? mutant.subarray(0, ((random[round] ?? 0) * mutant.length) / 256) : mutant;
    const outcome = await reconstruct(base, [bytes], async () => undefined).then(
      () => 'applied',
      (error: unknown) => {
        if (!(error instanceof ReleasePlanError)) throw error;
        return error.code;
      },
    );
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  assert.equal([...outcomes.keys()].sort(), [
    'applied',
    'delta-beyond-base',
    'delta-corrupt',
    'delta-not-a-delta',
    'delta-truncated',
  ]);
});

test('a signal stops it between pieces and leaves no file', async () => {
  writeFileSync(base, noise(1_000_000, 1));
  writeFileSync(deltaFile, delta(...Array.from({ length: 40 }, () => copy(0, 1_000_000))));
  const stopped = join(dir, 'stopped');
  const stop = new AbortController();
  const enough = new ReleasePlanError('interrupted', 'enough');
  assert.is(
    await failureOf(
      async () =>
        await applyDelta(base, deltaFile, stopped, { signal: stop.signal, onProgress: () => stop.abort(enough) }),
    ),
    enough,
  );
  assert.not(existsSync(stopped));
});

test.run();
