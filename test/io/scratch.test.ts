import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readlinkSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { cleanScratch, withPrivateScratch, withScratch, withSocketScratch } from '../../src/io/scratch.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('scratch');
const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
const deadPid = (): number => spawnSync('true').pid;

test('a folder is private, and gone afterwards, also after a failure', async () => {
  let seen = '';
  await withPrivateScratch('key', async (folder) => {
    seen = folder;
    assert.is(statSync(folder).mode & 0o777, 0o700);
  });
  assert.not.ok(existsSync(seen));
  try {
    await withScratch('open', async (folder) => {
      seen = folder;
      throw new Error('no');
    });
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'no');
  }
  assert.not.ok(existsSync(seen));
});

test('what a killed run left is removed; what lives, what is of another namespace and what is not ours stays', async () => {
  const parent = scratch('killed');
  const stale = `release-plan-scratch-key-${deadPid()}.${namespace}-abcdef`;
  const stays = [
    `release-plan-scratch-key-${process.pid}.${namespace}-abcdef`,
    `release-plan-scratch-key-${deadPid()}.1-abcdef`,
    'release-plan-scratch-',
    'somebody-elses',
  ];
  for (const name of [stale, ...stays]) mkdirSync(join(parent, name, 'inner'), { recursive: true });
  assert.equal(
    (await cleanScratch([parent])).map((path) => basename(path)),
    [stale],
  );
  assert.equal(readdirSync(parent), stays.sort());
});

test('there is room for a socket, however long TMPDIR is', async () => {
  const before = process.env.TMPDIR;
  const long = join(scratch('long'), 'a'.repeat(90));
  mkdirSync(long);
  process.env.TMPDIR = long;
  try {
    await withSocketScratch('swupdate', async (folder) => {
      assert.ok(join(folder, 'sockinstctrl').length < 108, folder);
      assert.is.not(dirname(folder), long);
    });
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test.run();
