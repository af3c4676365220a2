import { mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { whileAnchored } from '../../src/io/anchor.ts';
import { createFileAtomic, makeFolder, publishFolder, writeFileAtomic } from '../../src/io/atomic.ts';
import { takeLock, tryLock } from '../../src/io/lock.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('io/anchor');
const dir = scratch('anchor');
const root = join(dir, 'root');
const away = join(dir, 'away');

/** Everything that gives something a name. */
const MAKERS: Record<string, (name: string) => Promise<unknown>> = {
  writeFileAtomic: async (name) => await writeFileAtomic(join(root, name), 'content'),
  createFileAtomic: async (name) => await createFileAtomic(join(root, name), 'content'),
  publishFolder: async (name) =>
    await publishFolder(join(root, 'in', name), async (folder) => await writeFile(join(folder, 'file'), 'content')),
  makeFolder: async (name) => await makeFolder(join(root, name, 'below')),
  takeLock: async (name) => await (await takeLock(join(root, name), 'a test')).release(),
  tryLock: async (name) => await (await tryLock(join(root, name)))?.release(),
};

for (const [maker, make] of Object.entries(MAKERS))
  test(`${maker} makes nothing in the place of a folder that went away`, async () => {
    for (const folder of [root, away]) rmSync(folder, { recursive: true, force: true });
    mkdirSync(root);
    const told = await whileAnchored(
      root,
      () => new Error('it went away'),
      async () => {
        await make('before');
        renameSync(root, away);
        mkdirSync(root);
        return await make('after').then(
          () => 'nothing',
          (error: unknown) => (error as Error).message,
        );
      },
    );
    assert.is(told, 'it went away');
    assert.equal(readdirSync(root), []);
    assert.is.not(readdirSync(away).length, 0);
  });

test.run();
