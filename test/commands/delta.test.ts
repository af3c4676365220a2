import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerDelta } from '../../src/commands/delta/index.ts';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { noise } from '../support/noise.ts';
import { edited } from '../support/pairs.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('commands/delta');
const cwd = scratch('delta-command');
const at = (name: string): string => join(cwd, name);
const delta = async (...argv: string[]): Promise<CommandRun> =>
  await runCommand(registerDelta, ['delta', ...argv], { cwd });

const base = noise(400_000, 1);
const target = edited(base, 2);
writeFileSync(at('base'), base);
writeFileSync(at('target'), target);

test('signature writes what rdiff writes and says what it holds', async () => {
  const ran = await delta(
    'signature',
    'base',
    'base.sig',
    '--block-size',
    '512',
    '-S',
    '8',
    '-H',
    'md4',
    '-R',
    'rollsum',
    '--json',
  );
  assert.is(ran.exitCode, 0);
  execFileSync(
    'rdiff',
    ['-f', '-b', '512', '-S', '8', '-H', 'md4', '-R', 'rollsum', 'signature', at('base'), at('rdiff.sig')],
    { stdio: 'ignore' },
  );
  assert.ok(readFileSync(at('base.sig')).equals(readFileSync(at('rdiff.sig'))));
  assert.equal(JSON.parse(ran.stdout), {
    schema: 1,
    file: 'base.sig',
    strong: 'md4',
    weak: 'rollsum',
    blockBytes: 512,
    strongBytes: 8,
    blocks: Math.ceil(base.length / 512),
  });
  assert.ok(
    ran.events.some((event) => event.type === 'step-done' && event.message.includes('782 blocks of 512 bytes')),
  );
});

test('signature takes the least safe sum length', async () => {
  await delta('signature', 'base', 'least.sig', '-S', 'min');
  execFileSync('rdiff', ['-f', '-S', '-1', 'signature', at('base'), at('rdiff.sig')], { stdio: 'ignore' });
  assert.ok(readFileSync(at('least.sig')).equals(readFileSync(at('rdiff.sig'))));
});

test('create makes a delta that rdiff patch applies, and apply does too', async () => {
  const ran = await delta(
    'create',
    'base',
    'target',
    'my.delta',
    '--prove',
    '--workers',
    '1',
    '--memory',
    '256MiB',
    '--json',
  );
  assert.is(ran.exitCode, 0);
  const document = JSON.parse(ran.stdout) as Record<string, unknown>;
  assert.is(document.fileBytes, statSync(at('my.delta')).size);
  assert.is(document.targetBytes, target.length);
  assert.is(document.proven, true);
  execFileSync('rdiff', ['-f', 'patch', at('base'), at('my.delta'), at('patched')]);
  assert.ok(readFileSync(at('patched')).equals(target));
  assert.is((await delta('apply', 'base', 'my.delta', 'applied')).exitCode, 0);
  assert.ok(readFileSync(at('applied')).equals(target));
});

test('create compresses what it made, and leaves nothing else', async () => {
  await delta('create', 'base', 'target', 'bare.delta');
  const bare = readFileSync(at('bare.delta'));
  for (const [format, unpack] of [
    ['gzip', gunzipSync],
    ['zstd', (bytes: Buffer) => execFileSync('zstd', ['-dc'], { input: bytes })],
  ] as const) {
    await delta('create', 'base', 'target', `packed.${format}`, '--compress', format, '--prove');
    assert.ok(unpack(readFileSync(at(`packed.${format}`))).equals(bare));
    assert.is((await delta('apply', 'base', `packed.${format}`, 'applied')).exitCode, 0);
    assert.ok(readFileSync(at('applied')).equals(target));
  }
  assert.equal(
    readdirSync(cwd).filter((name) => name.startsWith('.')),
    [],
  );
});

test('inspect tells a person and, with --json, a program', async () => {
  await delta('create', 'base', 'target', 'bare.delta');
  const words = (await delta('inspect', 'bare.delta')).stdout;
  assert.match(words, new RegExp(`${target.length} bytes`));
  assert.match(words, /literals\s+\d+, .* % of the target/);
  assert.match(words, /copy 0x/);
  const document = JSON.parse((await delta('inspect', 'bare.delta', '--json')).stdout) as {
    targetBytes: number;
    copies: { count: number };
  };
  assert.is(document.targetBytes, target.length);
  assert.ok(document.copies.count > 0);
});

mkdirSync(at('folder'));
linkSync(at('base'), at('hard-link'));
symlinkSync(at('base'), at('symbolic-link'));
writeFileSync(at('kept'), 'as it was');

const REFUSED: ReadonlyArray<[argv: string[], words: RegExp]> = [
  [['signature', 'nowhere', 'sig'], /BASE: nowhere does not exist/],
  [['signature', 'folder', 'sig'], /BASE: folder is a folder/],
  [['signature', 'base', 'folder'], /SIG: folder is a folder/],
  [['signature', 'base', 'base'], /SIG \(base\) is the same file as BASE \(base\)/],
  [['create', 'base', 'nowhere', 'kept'], /TARGET: nowhere does not exist/],
  [['create', 'base/under', 'target', 'kept'], /BASE: base\/under does not exist/],
  [['create', 'base', '/dev/null', 'kept'], /TARGET: \/dev\/null is not a regular file/],
  [['create', 'base', 'target', 'hard-link'], /DELTA \(hard-link\) is the same file as BASE/],
  [['apply', 'base', 'target', 'symbolic-link'], /OUT \(symbolic-link\) is the same file as BASE/],
  [['apply', 'base', 'nowhere', 'kept'], /DELTA: nowhere does not exist/],
  [['inspect', 'folder'], /DELTA: folder is a folder/],
];

for (const [argv, words] of REFUSED) {
  test(`delta ${argv.join(' ')} is refused before anything is written`, async () => {
    const { failure } = await delta(...argv);
    if (!(failure instanceof ReleasePlanError)) throw failure;
    assert.is(failure.code, 'usage');
    assert.match(failure.message, words);
    assert.ok(failure.hint);
    assert.is(readFileSync(at('kept'), 'utf8'), 'as it was');
    assert.ok(readFileSync(at('base')).equals(base));
  });
}

test('wrong flags are refused with what they take', async () => {
  for (const [argv, words] of [
    [['create', 'base', 'target', 'd', '--compress', 'xz'], /Allowed choices are gzip, zstd/],
    [['create', 'base', 'target', 'd', '--memory', '512Q'], /a size such as 512MiB/],
    [['create', 'base', 'target', 'd', '--workers', '0'], /whole number of at least 1/],
    [['signature', 'base', 's', '-b', '1e3'], /whole number of at least 1/],
    [['signature', 'base', 's', '-H', 'sha256'], /Allowed choices are blake2, md4/],
    [['apply', 'base', 'd'], /missing required argument 'out'/],
  ] as const) {
    const ran = await delta(...argv);
    assert.match(ran.complaint, words);
    assert.is(ran.exitCode, undefined);
  }
});

test('a malformed delta is told by its code, and what had the name keeps it', async () => {
  const { failure } = await delta('apply', 'base', 'target', 'kept');
  if (!(failure instanceof ReleasePlanError)) throw failure;
  assert.is(failure.code, 'delta-not-a-delta');
  assert.is(readFileSync(at('kept'), 'utf8'), 'as it was');
});

test.run();
