import { execFileSync } from 'node:child_process';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { inspectDelta } from '../../src/rdiff/inspect.ts';
import { copy, delta, literal } from '../support/delta-bytes.ts';
import { failureOf } from '../support/failure.ts';
import { noise } from '../support/noise.ts';
import { edited } from '../support/pairs.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('rdiff/inspect');
const dir = scratch('inspect');
const deltaFile = join(dir, 'delta');

test('counts commands, bytes, seeks and what is needed of the base', async () => {
  const bytes = delta(
    copy(0, 100, 1, 1),
    copy(100, 28, 1, 1),
    literal(Buffer.from('abc'), 0),
    copy(1000, 5, 2, 1),
    copy(128, 1, 1, 1),
  );
  writeFileSync(deltaFile, bytes);
  assert.equal(await inspectDelta(deltaFile), {
    fileBytes: bytes.length,
    compression: 'none',
    deltaBytes: bytes.length,
    targetBytes: 137,
    commands: 5,
    literals: { count: 1, bytes: 3 },
    copies: { count: 4, bytes: 134, seeks: 2, reachBytes: 1005 },
    literalShare: 3 / 137,
    opcodes: [
      { opcode: 0x03, kind: 'literal', count: 1, targetBytes: 3 },
      { opcode: 0x45, kind: 'copy', count: 3, targetBytes: 129 },
      { opcode: 0x49, kind: 'copy', count: 1, targetBytes: 5 },
    ],
    lengths: [
      { upToBytes: 1, literals: 0, copies: 1 },
      { upToBytes: 4, literals: 1, copies: 0 },
      { upToBytes: 8, literals: 0, copies: 1 },
      { upToBytes: 32, literals: 0, copies: 1 },
      { upToBytes: 128, literals: 0, copies: 1 },
    ],
  });
});

test('an empty target has no commands and no share', async () => {
  writeFileSync(deltaFile, delta());
  const found = await inspectDelta(deltaFile);
  assert.is(found.commands, 0);
  assert.is(found.literalShare, 0);
  assert.is(found.copies.reachBytes, 0);
});

test('agrees with what rdiff says of its own delta', async () => {
  const [base, target, sig] = [join(dir, 'base'), join(dir, 'target'), join(dir, 'sig')];
  const from = noise(200_000, 1);
  writeFileSync(base, from);
  writeFileSync(target, edited(from, 2));
  execFileSync('rdiff', ['signature', base, sig]);
  // `rdiff: delta statistics: literal[109 cmds, 72316 bytes, 218 cmdbytes] copy[...`, on standard error
  const words = execFileSync(
    'sh',
    ['-c', 'exec rdiff --force --statistics delta "$@" 2>&1', 'sh', sig, target, deltaFile],
    { encoding: 'utf8' },
  );
  const found = await inspectDelta(deltaFile);
  const [, literals, literalBytes] = /literal\[(\d+) cmds, (\d+) bytes/.exec(words) ?? [];
  const [, copies, copyBytes] = /copy\[(\d+) cmds, (\d+) bytes/.exec(words) ?? [];
  assert.equal(
    [found.literals.count, found.literals.bytes, found.copies.count, found.copies.bytes],
    [literals, literalBytes, copies, copyBytes].map(Number),
    words,
  );
  assert.is(found.targetBytes, statSync(target).size);
});

test('reads a compressed delta and says so', async () => {
  const bytes = delta(copy(0, 10));
  const packed = gzipSync(bytes);
  writeFileSync(deltaFile, packed);
  const found = await inspectDelta(deltaFile);
  assert.equal([found.compression, found.fileBytes, found.deltaBytes], ['gzip', packed.length, bytes.length]);
});

test('a truncated delta is refused, not counted', async () => {
  writeFileSync(deltaFile, delta(copy(0, 10)).subarray(0, 8));
  assert.is((await failureOf(async () => await inspectDelta(deltaFile))).code, 'delta-truncated');
});

test.run();
