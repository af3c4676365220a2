import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  cleanScratch,
  processName,
  requireNotFull,
  withPrivateScratch,
  withScratch,
  withSocketScratch,
} from '../../src/io/scratch.ts';
import { failureOf } from '../support/failure.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('scratch');
const deadPid = (): number => spawnSync('true').pid;

test('a folder is private, and gone afterwards, also after a failure', async () => {
  let seen = '';
  await withPrivateScratch('key', async (folder) => {
    seen = folder;
    assert.is(statSync(folder).mode & 0o777, 0o700);
  });
  assert.not.ok(existsSync(seen));
  try {
    await withScratch('open', 0, async (folder) => {
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
  const [pid = '', space = '', began = ''] = (await processName()).split('.');
  const stale = [
    `release-plan-scratch-key-${deadPid()}.${space}.${began}-abcdef`,
    // Its pid is another process's by now.
    `release-plan-scratch-key-${pid}.${space}.0-abcdef`,
  ].sort();
  const stays = [
    `release-plan-scratch-key-${pid}.${space}.${began}-abcdef`,
    `release-plan-scratch-key-${deadPid()}.1.${began}-abcdef`,
    'release-plan-scratch-',
    'somebody-elses',
  ];
  for (const name of [...stale, ...stays]) mkdirSync(join(parent, name, 'inner'), { recursive: true });
  assert.equal((await cleanScratch([parent])).map((path) => basename(path)).sort(), stale);
  assert.equal(readdirSync(parent), stays.sort());
});

test('there is room for a socket, however long TMPDIR is', async () => {
  const before = process.env.TMPDIR;
  const long = join(scratch('long'), 'a'.repeat(90));
  mkdirSync(long);
  process.env.TMPDIR = long;
  try {
    await withSocketScratch('swupdate', 0, async (folder) => {
      assert.ok(join(folder, 'sockinstctrl').length < 108, folder);
      assert.is.not(dirname(folder), long);
    });
  } finally {
    if (before === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = before;
  }
});

test('a folder without the room that is asked for is not even made', async () => {
  const parent = scratch('small');
  const failure = await failureOf(() => withScratch('open', 2 ** 52, async () => assert.unreachable(), parent));
  assert.is(failure.code, 'disk-full');
  assert.match(failure.message, new RegExp(`^not enough disk space for ${parent}: 4503599627374592 bytes required, `));
  assert.equal(readdirSync(parent), []);
});

test('a full disk is told with the folder of the scratch, and one elsewhere is not taken for it', async () => {
  const parent = scratch('full');
  const full = (path: string) =>
    Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC', syscall: 'open', path });
  const here = await failureOf(() =>
    withScratch('open', 4096, async (folder) => await Promise.reject(full(join(folder, 'x'))), parent),
  );
  assert.match(here.message, new RegExp(`^not enough disk space for ${parent}: 8192 bytes required`));
  const elsewhere = full('/elsewhere/x');
  const found = await withScratch('open', 0, async () => await Promise.reject(elsewhere), parent).catch(
    (e: unknown) => e,
  );
  assert.is(found, elsewhere);
});

test('what a program says is not believed when its disk was full', async () => {
  const parent = scratch('verdict');
  await withScratch(
    'open',
    0,
    async (folder) => {
      await requireNotFull(folder, 5000, '[ERROR] : the hash is wrong');
      for (const said of [
        '[ERROR] : SWUPDATE failed [0] ERROR : cannot write 780 bytes: No space left on device',
        '[ERROR] : SWUPDATE failed [0] ERROR : Not enough free space to extract rootfs.delta (needed 64154, got 4096)',
      ]) {
        const failure = await failureOf(() => requireNotFull(folder, 5000, said));
        assert.is(failure.code, 'disk-full');
        assert.match(failure.message, `${parent}: 5000 bytes required`);
      }
    },
    parent,
  );
});

test.run();
