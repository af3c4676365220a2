import { mkdirSync, readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FolderStore } from '../../../src/hosts/store/folder.ts';
import { objectName } from '../../../src/hosts/store/names.ts';
import { STAGING_PREFIX } from '../../../src/io/atomic.ts';
import { digestBytes } from '../../../src/io/hash.ts';
import { allOf } from '../../../src/io/several.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('hosts/store/folder');

const { signal } = new AbortController();

test('what a push that was killed left of an object is removed by the next one', async () => {
  const dir = scratch('folder-store');
  const root = join(dir, 'store');
  const content = Buffer.from('an image');
  const { sha256, sizeBytes } = digestBytes(content);
  const object = join(root, objectName(sha256));
  const left = join(dirname(object), `${STAGING_PREFIX}${sha256.slice(2)}-1-0123abcd`);
  mkdirSync(dirname(object), { recursive: true });
  writeFileSync(left, 'an im');
  const longAgo = Date.now() / 1000 - 2 * 86_400;
  utimesSync(left, longAgo, longAgo);
  writeFileSync(join(dir, 'image'), content);
  await new FolderStore(root, signal).put({ path: join(dir, 'image'), sizeBytes, sha256 }, () => undefined);
  assert.equal(readdirSync(dirname(object)), [sha256.slice(2)]);
  assert.equal(readFileSync(object), content);
});

test('a name is given once, and what is half written under it is no name', async () => {
  const root = scratch('folder-store');
  const store = new FolderStore(root, signal);
  assert.is(await store.write('refs/one.json', Buffer.from('1'), undefined), true);
  assert.is(await store.write('refs/one.json', Buffer.from('2'), undefined), false);
  assert.equal((await store.read('refs/one.json'))?.bytes, Buffer.from('1'));
  writeFileSync(join(root, 'refs', `${STAGING_PREFIX}two.json-1-0123abcd`), '');
  assert.equal(
    (await allOf(store.list('refs'))).map(({ name }) => name),
    ['refs/one.json'],
  );
});

test.run();
