import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { productDir } from '../../src/archive/layout.ts';
import { listTrash, moveToTrash } from '../../src/archive/trash.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('archive: trash');

test('what is moved, restored and moved again within a second waits in two batches', async () => {
  const key = { artifacts: scratch('trash'), machine: 'board', image: 'image' };
  const version = join(productDir(key), '0.1.0');
  const at = new Date('2026-03-01T02:00:00.250Z');
  const make = (text: string): void => {
    mkdirSync(version, { recursive: true });
    writeFileSync(join(version, 'image'), text);
  };
  make('first');
  const first = await moveToTrash(key, ['0.1.0'], at);
  renameSync(join(first, '0.1.0'), version);
  make('restored');
  assert.is(await moveToTrash(key, ['0.1.0'], at), first, 'the name is free again');
  make('another');
  const second = await moveToTrash(key, ['0.1.0'], at);
  assert.is.not(second, first);
  make('and another');
  await moveToTrash(key, ['0.1.0'], at);
  assert.not(existsSync(version));
  const batches = await listTrash(key);
  assert.equal(
    batches.map(({ dir }) => readFileSync(join(dir, '0.1.0/image'), 'utf8')),
    ['restored', 'another', 'and another'],
  );
  assert.equal(
    batches.map(({ movedAtMs }) => movedAtMs - Date.parse('2026-03-01T02:00:00Z')),
    [0, 1000, 2000],
  );
});

test.run();
