import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { digestBytes } from '../../src/io/hash.ts';
import type { BuildDirectory } from '../../src/kas/build-directory.ts';
import { finishPending, startPending, type PendingBuild } from '../../src/kas/pending.ts';
import { objectionToEarlier, rememberProven } from '../../src/kas/proven.ts';
import type { BuildConfiguration } from '../../src/core/archive.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('kas: images that were proven before');
const key = { machine: 'demo', distro: 'prod', image: 'image-prod' };
const BYTES = 'image';
const { sha256 } = digestBytes(BYTES);

interface Place {
  workDir: string;
  directory: BuildDirectory;
  image: string;
}

function place(): Place {
  const workDir = scratch('proven');
  const path = join(workDir, 'build');
  const notes = join(path, '.release-plan');
  mkdirSync(notes, { recursive: true });
  mkdirSync(join(workDir, 'meta/recipes'), { recursive: true });
  writeFileSync(join(workDir, 'meta/recipes/a.bb'), 'a');
  const image = join(path, 'image.squashfs');
  writeFileSync(image, BYTES);
  return { workDir, directory: { path, notes }, image };
}

const configuration = (more: Partial<BuildConfiguration> = {}): BuildConfiguration => ({
  digest: digestBytes('d').sha256,
  settings: { 'EXTRA': 'x', 'layer meta': 'm' },
  layers: { meta: 'aaaa' },
  chain: [],
  kas: 'kas 3.1',
  ...more,
});

/** File systems stamp by a clock of some milliseconds. */
const TICK_MS = 20;

async function built(
  { directory }: Place,
  version = '0.1.0',
  how: Partial<BuildConfiguration> = {},
): Promise<PendingBuild> {
  return await finishPending(directory, await startPending(directory, { version, configuration: configuration(how) }));
}

const ask = async (here: Place, pending: PendingBuild, more: object = {}): Promise<string | undefined> =>
  await objectionToEarlier(here.directory, { path: here.image, sha256, key, pending, workDir: here.workDir, ...more });

async function remembered(how: Partial<BuildConfiguration> = {}): Promise<Place & { first: PendingBuild }> {
  const here = place();
  await sleep(TICK_MS);
  const first = await built(here, '0.1.0', how);
  await rememberProven(here.directory, first, key, [{ path: here.image, sha256 }]);
  return { ...here, first };
}

test('the same version of the same inputs and bytes may be taken', async () => {
  const here = await remembered();
  assert.is(await ask(here, await built(here)), undefined);
});

test('whatever differs is named', async () => {
  const here = await remembered();
  assert.match((await ask(here, await built(here, '0.2.0'))) ?? '', 'archived as 0.1.0');
  const same = await built(here);
  assert.match((await ask(here, same, { sha256: '0'.repeat(64) })) ?? '', 'modified');
  assert.match(
    (await ask(here, same, { path: join(here.directory.path, 'other') })) ?? '',
    'the build directory has no record',
  );
  for (const name of ['machine', 'distro', 'image'])
    assert.match((await ask(here, same, { key: { ...key, [name]: 'other' } })) ?? '', `for ${name} `);
  const settings = { ...configuration().settings, EXTRA: 'y' };
  assert.match(
    (await ask(here, await built(here, '0.1.0', { digest: digestBytes('e').sha256, settings }))) ?? '',
    /a different configuration: EXTRA$/,
  );
  assert.match(
    (await ask(here, await built(here, '0.1.0', { layers: { meta: 'bbbb' } }))) ?? '',
    'meta was at aaaa, now at bbbb',
  );
});

test('a record that was modified is none, and one of an image that is gone is dropped', async () => {
  const here = await remembered();
  const file = join(here.directory.notes, 'proven.json');
  const other = join(here.directory.path, 'other.squashfs');
  writeFileSync(other, 'other');
  rmSync(here.image);
  await rememberProven(here.directory, here.first, key, [{ path: other, sha256 }]);
  assert.equal(Object.keys((JSON.parse(readFileSync(file, 'utf8')) as { images: object }).images), ['other.squashfs']);
  assert.is(await ask(here, here.first, { path: other }), undefined);
  writeFileSync(file, readFileSync(file, 'utf8').replace('"0.1.0"', '"0.1.1"'));
  assert.match((await ask(here, here.first, { path: other })) ?? '', 'the build directory has no record');
});

for (const [state, layers] of [
  ['outside of any repository', {}],
  ['with changes', { meta: 'aaaa-dirty' }],
] as const) {
  test(`a layer ${state}: no file in it may have changed since`, async () => {
    const here = await remembered({ layers });
    assert.is(await ask(here, here.first), undefined);
    writeFileSync(join(here.workDir, 'meta/recipes/a.bb'), 'b');
    assert.match(
      (await ask(here, here.first)) ?? '',
      /meta\/recipes\/a\.bb, in a layer with uncommitted changes, was modified/,
    );
    rmSync(join(here.workDir, 'meta/recipes/a.bb'));
    assert.match(
      (await ask(here, here.first)) ?? '',
      /meta\/recipes, in a layer/,
      'a file that is gone changed its folder',
    );
  });
}

test('what a commit names is not looked at: git says what changed', async () => {
  const here = await remembered();
  execFileSync('touch', [join(here.workDir, 'meta/recipes/a.bb')]);
  assert.is(await ask(here, here.first), undefined);
});

test.run();
