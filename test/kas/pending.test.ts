import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { digestBytes } from '../../src/io/hash.ts';
import * as assert from 'uvu/assert';
import type { BuildDirectory } from '../../src/kas/build-directory.ts';
import { clearPending, finishPending, readPending, startPending } from '../../src/kas/pending.ts';
import type { BuildConfiguration } from '../../src/core/archive.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('kas: builds not archived yet');

function directory(): BuildDirectory {
  const path = scratch('pending');
  const notes = join(path, '.release-plan');
  mkdirSync(notes);
  return { path, notes };
}
const configuration = (settings: string, commit = 'c'): BuildConfiguration => ({
  digest: digestBytes(settings).sha256,
  settings: {},
  layers: { meta: commit },
  chain: ['a.yml'],
  kas: 'kas 3.1',
});

test('a build is recorded, finished, read back and forgotten', async () => {
  const here = directory();
  assert.is(await readPending(here), undefined);
  const started = await startPending(here, { version: '0.1.0', configuration: configuration('d') });
  assert.is(started.finished, false);
  assert.equal(await readPending(here), started);
  const finished = await finishPending(here, started);
  assert.is(finished.finished, true);
  assert.equal(await readPending(here), finished);
  await clearPending(here);
  await clearPending(here);
  assert.is(await readPending(here), undefined);
});

test('the same version goes on from its first start; another version or configuration starts anew', async () => {
  const here = directory();
  const first = await startPending(here, { version: '0.1.0', configuration: configuration('d') });
  await finishPending(here, first);
  const again = await startPending(here, { version: '0.1.0', configuration: configuration('d', 'another commit') });
  assert.equal(
    [again.startedAtNs, again.finished, again.configuration.layers.meta],
    [first.startedAtNs, false, 'another commit'],
  );
  const other = await startPending(here, { version: '0.2.0', configuration: configuration('d') });
  assert.ok(other.startedAtNs >= first.startedAtNs);
  const marker = statSync(join(here.notes, 'started'), { bigint: true }).ctimeNs;
  assert.is(other.startedAtNs, marker, 'by the clock of the file system');
  await startPending(here, { version: '0.2.0', configuration: configuration('e') });
  assert.is.not((await readPending(here))?.configuration.digest, digestBytes('d').sha256);
});

test('a record that was cut or altered is none', async () => {
  const here = directory();
  await startPending(here, { version: '0.1.0', configuration: configuration('d') });
  const file = join(here.notes, 'pending.json');
  const text = readFileSync(file, 'utf8');
  for (const broken of ['', text.slice(0, 40), text.replace('0.1.0', '0.2.0')]) {
    writeFileSync(file, broken);
    assert.is(await readPending(here), undefined);
  }
});

test.run();
