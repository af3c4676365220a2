import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  STAGING_PREFIX,
  cleanDeadStaging,
  cleanOldStaging,
  cleanStaging,
  createFileAtomic,
  publishFile,
  publishFolder,
  writeFileAtomic,
} from '../../src/io/atomic.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io/atomic');

test('a file is replaced whole, with a mode that the umask does not decide', async () => {
  const dir = scratch('atomic');
  const path = join(dir, 'deep', 'file');
  const before = process.umask(0o077);
  try {
    await writeFileAtomic(path, 'one');
    await writeFileAtomic(path, 'two');
  } finally {
    process.umask(before);
  }
  assert.is(readFileSync(path, 'utf8'), 'two');
  assert.is(statSync(path).mode & 0o777, 0o644);
  assert.equal(readdirSync(join(dir, 'deep')), ['file']);
});

test('a streamed file gets its name only when it is whole, and what had the name keeps it until then', async () => {
  const dir = scratch('atomic');
  const path = join(dir, 'streamed');
  writeFileSync(path, 'old');
  const result = await publishFile(path, async (temporary) => {
    await writeFile(temporary, 'new', { mode: 0o600 });
    assert.is(readFileSync(path, 'utf8'), 'old');
    return 42;
  });
  assert.is(result, 42);
  assert.is(readFileSync(path, 'utf8'), 'new');
  assert.is(statSync(path).mode & 0o777, 0o644);
  let thrown: unknown;
  await publishFile(path, async (temporary) => {
    await writeFile(temporary, 'half');
    throw new Error('the disk is full');
  }).catch((error: unknown) => {
    thrown = error;
  });
  assert.match(String(thrown), /the disk is full/);
  assert.is(readFileSync(path, 'utf8'), 'new');
  assert.equal(readdirSync(dir), ['streamed']);
});

test('a folder gets its name only when it is filled', async () => {
  const dir = scratch('atomic');
  const path = join(dir, 'final');
  await publishFolder(path, async (staging) => {
    await writeFile(join(staging, 'a'), 'a', { mode: 0o600 });
    assert.not(existsSync(path));
  });
  assert.is(readFileSync(join(path, 'a'), 'utf8'), 'a');
  assert.is(statSync(join(path, 'a')).mode & 0o777, 0o644);
});

test('when filling throws, nothing is left and what had the name keeps it', async () => {
  const dir = scratch('atomic');
  const path = join(dir, 'final');
  mkdirSync(path);
  writeFileSync(join(path, 'old'), 'old');
  const failing = publishFolder(
    path,
    async (staging) => {
      await writeFile(join(staging, 'new'), 'new');
      throw new Error('no');
    },
    { replace: true },
  );
  await failing.then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'no'),
  );
  assert.equal(readdirSync(dir), ['final']);
  assert.equal(readdirSync(path), ['old']);
});

test('a folder is replaced only when asked', async () => {
  const dir = scratch('atomic');
  const path = join(dir, 'final');
  mkdirSync(path);
  writeFileSync(join(path, 'old'), 'old');
  const fill = async (staging: string): Promise<void> => await writeFile(join(staging, 'new'), 'new');
  await publishFolder(path, fill).then(
    () => assert.unreachable(),
    (error: NodeJS.ErrnoException) => assert.is(error.code, 'ENOTEMPTY'),
  );
  assert.equal(readdirSync(path), ['old']);
  await publishFolder(path, fill, { replace: true });
  assert.equal(readdirSync(path), ['new']);
  assert.equal(readdirSync(dir), ['final']);
});

test('what an interrupted run left is removed, and nothing else', async () => {
  const dir = scratch('atomic');
  mkdirSync(join(dir, `${STAGING_PREFIX}0.1.0-1-ab`));
  writeFileSync(join(dir, 'keep'), '');
  assert.equal(await cleanStaging(dir), [`${STAGING_PREFIX}0.1.0-1-ab`]);
  assert.equal(readdirSync(dir), ['keep']);
  assert.equal(await cleanStaging(join(dir, 'nowhere')), []);
});

test('in a folder that no lock guards, what a process left that is no more is removed, and nothing else', async () => {
  const dir = scratch('dead');
  const dead = `${STAGING_PREFIX}archive-plan.json-${spawnSync('true').pid}-0123abcd`;
  const stays = ['archive-plan.json', `${STAGING_PREFIX}archive-plan.json-${process.pid}-0123abcd`, STAGING_PREFIX];
  for (const name of [dead, ...stays]) writeFileSync(join(dir, name), '');
  await cleanDeadStaging(dir);
  assert.equal(readdirSync(dir).sort(), stays.sort());
  await cleanDeadStaging(join(dir, 'absent'));
});

test('a file is created by one of two, whole, and replaces nothing', async () => {
  const dir = scratch('created');
  const path = join(dir, 'deep', 'file');
  const codes = await Promise.all(
    ['one', 'two'].map(async (content) =>
      createFileAtomic(path, content).then(
        () => 'created',
        (error: NodeJS.ErrnoException) => error.code,
      ),
    ),
  );
  assert.equal(codes.toSorted(), ['EEXIST', 'created']);
  assert.is(readFileSync(path, 'utf8'), codes[0] === 'created' ? 'one' : 'two');
  assert.equal(readdirSync(join(dir, 'deep')), ['file']);
});

test('of a file that several hosts write, what was not touched for a day is removed, and nothing else', async () => {
  const dir = scratch('old');
  const path = join(dir, 'a'.repeat(130));
  const unfinished = (name: string): string => `${STAGING_PREFIX}${name.slice(0, 120)}-1-0123abcd`;
  const old = unfinished('a'.repeat(130));
  const stays = [`${STAGING_PREFIX}${'a'.repeat(120)}-2-0123abcd`, unfinished('b'), 'a'.repeat(130)];
  const longAgo = Date.now() / 1000 - 2 * 86_400;
  for (const name of [old, ...stays]) writeFileSync(join(dir, name), '');
  for (const name of [old, unfinished('b'), 'a'.repeat(130)]) utimesSync(join(dir, name), longAgo, longAgo);
  await cleanOldStaging(path);
  assert.equal(readdirSync(dir).sort(), stays.sort());
  await cleanOldStaging(join(dir, 'absent', 'file'));
});

test.run();
