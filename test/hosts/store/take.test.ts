/** A name is given once: on a server that heeds conditions of writes, on one that ignores them, and in a folder. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Revision } from '../../../src/io/revision.ts';
import { openBucketAt } from '../../../src/io/s3/open.ts';
import { FolderStore } from '../../../src/hosts/store/folder.ts';
import { S3Store } from '../../../src/hosts/store/s3.ts';
import type { StoredName, WriteStore } from '../../../src/hosts/store/store.ts';
import { take } from '../../../src/hosts/store/take.ts';
import { allOf } from '../../../src/io/several.ts';
import { CREDENTIALS, makeBucket, startS3rver, startVersitygw } from '../../support/peers/s3.ts';
import { scratch } from '../../support/scratch.ts';

const { signal } = new AbortController();
const IDENTITY = Buffer.from('{"schema":1}\n');

const folder = scratch('take');
const KINDS: Array<{ name: string; url: () => Promise<string | undefined>; stop: () => Promise<void> }> = [];
for (const [name, peer] of [
  ['s3rver', await startS3rver()],
  ['versitygw', await startVersitygw()],
] as const) {
  if ('skipped' in peer) process.stdout.write(`${peer.skipped}\n`);
  else KINDS.push({ name, url: async () => peer.url, stop: peer.stop });
}
KINDS.push({ name: 'a folder', url: async () => undefined, stop: async () => undefined });

for (const { name, url, stop } of KINDS) {
  const test = suite(`take: ${name}`);
  const host = { env: CREDENTIALS, signal, report: () => undefined };
  /** As another host opens it. */
  const open = async (): Promise<WriteStore> => {
    const endpoint = await url();
    if (endpoint === undefined) return new FolderStore(folder, signal);
    return new S3Store(await openBucketAt({ what: 'test', bucket: 'take', endpoint }, host), 'a/b');
  };

  test.before(async () => {
    const endpoint = await url();
    if (endpoint !== undefined) await makeBucket(endpoint, 'take');
    await take(await open(), 'archive.json', IDENTITY, undefined, signal);
  });
  test.after(stop);

  test('whether conditions hold is found out, and changes nothing', async () => {
    const store = await open();
    assert.is(await store.honoursConditions(), name !== 's3rver');
    assert.equal((await store.read('archive.json'))?.bytes, IDENTITY);
  });

  test('of hosts that write at once, one gets the name, and each knows which', async () => {
    for (let round = 0; round < 4; round += 1) {
      const stores = await Promise.all(Array.from({ length: 4 }, open));
      const all = await Promise.all(
        stores.map(
          async (store, at) => await take(store, `refs/r${round}.json`, Buffer.from(`${at}`), undefined, signal),
        ),
      );
      const winners = all.flatMap((one, at) => (one.state === 'written' ? [String(at)] : []));
      const there = (await (await open()).read(`refs/r${round}.json`))?.bytes.toString();
      assert.equal(winners, [there]);
      for (const one of all) if (one.state === 'lost') assert.is(one.found?.bytes.toString(), there);
    }
    assert.equal(await allOf((await open()).list('claims')), []);
  });

  test('twice is once, and a name is replaced by who has seen it', async () => {
    const store = await open();
    const write = async (text: string, seen?: Revision) =>
      await take(store, 'refs/again.json', Buffer.from(text), seen, signal);
    const first = await write('first');
    assert.is(first.state, 'written');
    assert.is((await write('first')).state, 'present');
    assert.is((await write('second')).state, 'lost');
    const seen = 'revision' in first ? first.revision : undefined;
    assert.is((await write('second', seen)).state, 'written');
    assert.is((await write('third', seen)).state, 'lost');
    assert.equal((await store.read('refs/again.json'))?.bytes, Buffer.from('second'));
  });

  test.run();
}

const claims = suite('take: claims');

/** A store that ignores conditions, with claims of others in it. */
function heedless(others: StoredName[]): WriteStore & { own: string[] } {
  const store = new FolderStore(scratch('heedless'), signal);
  const own: string[] = [];
  return {
    own,
    address: store.address,
    read: async (name) => await store.read(name),
    ageMs: async (object) => await store.ageMs(object),
    touch: async (object) => await store.touch(object),
    digest: async (object, onBytes) => await store.digest(object, onBytes),
    fetch: async (object, path, onBytes) => await store.fetch(object, path, onBytes),
    put: async (file, onBytes) => await store.put(file, onBytes),
    honoursConditions: async () => false,
    async *list(name) {
      for await (const one of store.list(name)) yield { ...one, modifiedAtMs: 1_000_000 };
      yield* others;
      // The other one is done.
      others.length = 0;
    },
    async write(name, bytes) {
      if (name.startsWith('claims/')) own.push(name);
      return await store.write(name, bytes, await store.read(name));
    },
    remove: async (name) => await store.remove(name),
    clockMs: async () => await store.clockMs(),
  };
}

claims('of somebody who writes just now are waited for', async () => {
  const store = heedless([{ name: 'claims/refs/x.json/other.json', tag: undefined, modifiedAtMs: 900_000 }]);
  assert.is((await take(store, 'refs/x.json', Buffer.from('a'), undefined, signal)).state, 'written');
  assert.is(store.own.length, 2);
});

claims('a write that is refused although nobody has the name is tried again', async () => {
  const store = heedless([]);
  let refused = 0;
  const shy: WriteStore = {
    ...store,
    write: async (name, bytes, seen) => ((refused += 1) === 1 ? false : await store.write(name, bytes, seen)),
    honoursConditions: async () => true,
  };
  assert.is((await take(shy, 'refs/x.json', Buffer.from('a'), undefined, signal)).state, 'written');
  const never: WriteStore = { ...shy, write: async () => false };
  assert.is((await take(never, 'refs/y.json', Buffer.from('a'), undefined, signal)).state, 'lost');
});

claims('of the dead are passed over', async () => {
  const store = heedless([{ name: 'claims/refs/x.json/other.json', tag: undefined, modifiedAtMs: 1 }]);
  assert.is((await take(store, 'refs/x.json', Buffer.from('a'), undefined, signal)).state, 'written');
  assert.is(store.own.length, 1);
});

claims.run();
