/** Removing content that nothing names, while other hosts are about to name some of it. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { FolderStore } from '../../../src/hosts/store/folder.ts';
import { objectName, refName, type Subject } from '../../../src/hosts/store/names.ts';
import { openStore } from '../../../src/hosts/store/open.ts';
import { planPush, push } from '../../../src/hosts/store/push.ts';
import { empty, remove } from '../../../src/hosts/store/removal.ts';
import type { PruneStore } from '../../../src/hosts/store/store.ts';
import { sweep, type Swept } from '../../../src/hosts/store/sweep.ts';
import { contentsOf } from '../../../src/hosts/store/there.ts';
import { transferring, type Transfer } from '../../../src/hosts/store/transfer.ts';
import { adoptArchive } from '../../../src/archive/identity.ts';
import { requireSameArchive } from '../../../src/hosts/store/identity.ts';
import type { Plan } from '../../../src/core/plan.ts';
import { digestBytes } from '../../../src/io/hash.ts';
import { openBucketAt } from '../../../src/io/s3/open.ts';
import { STAGING_PREFIX } from '../../../src/io/atomic.ts';
import { allOf } from '../../../src/io/several.ts';
import { requirePlan } from '../../../src/plan/load.ts';
import { handMade, type HandMade } from '../../support/archive.ts';
import { CREDENTIALS, makeBucket, startS3rver, startVersitygw } from '../../support/peers/s3.ts';
import { filesBelow } from '../../support/product.ts';
import { scratch } from '../../support/scratch.ts';

Object.assign(process.env, CREDENTIALS);
const { signal } = new AbortController();
const HOST = { env: CREDENTIALS, signal, report: () => undefined };
const ID = 'a'.repeat(36);
const DAY_S = 86_400;
const PATIENCE_MS = 20_000;
const FIRST: Subject = { kind: 'version', version: '0.1.0' };
const SECOND: Subject = { kind: 'version', version: '0.2.0' };

/** A host with a folder of its own. */
interface SweepHost extends HandMade {
  plan: Plan;
}

async function hostOf(artifacts: object): Promise<SweepHost> {
  const made = handMade(scratch('sweep'));
  made.write({ artifacts });
  const { plan } = await requirePlan('plan.yml', { cwd: made.dir });
  await adoptArchive(plan, ID);
  return { ...made, plan };
}

const moving = async <T>(
  { plan }: SweepHost,
  store: PruneStore,
  body: (transfer: Transfer) => Promise<T>,
): Promise<T> => {
  const quiet = { onSubject: () => undefined, onBytes: () => undefined };
  return await transferring({ plan, store, signal, reading: {}, storeWins: true, ...quiet }, body);
};
const send = async (host: SweepHost, store: PruneStore, subjects: Subject[]): Promise<void> => {
  await moving(host, store, async (transfer) => {
    await push(transfer, await planPush(transfer, subjects, await contentsOf(store, host.plan, transfer.seen)));
  });
};
/** Takes a version out, as gc does, and empties the trash. */
const takeOut = async (host: SweepHost, store: PruneStore, subject: Subject): Promise<void> => {
  const name = refName(host.plan, subject);
  const contents = async (transfer: Transfer) => await contentsOf(store, host.plan, transfer.seen);
  await moving(host, store, async (transfer) => {
    const there = (await contents(transfer)).there.get(name);
    assert.ok(there !== undefined && (await remove(transfer, there, new Date())));
  });
};
const emptyIt = async (host: SweepHost, store: PruneStore): Promise<void> => {
  await moving(host, store, async (transfer) => {
    for (const one of (await contentsOf(store, host.plan, transfer.seen)).removed.values())
      assert.ok(await empty(transfer, one, new Date()));
  });
};
const sweeping = async ({ plan }: SweepHost, store: PruneStore, dryRun = false): Promise<Swept> =>
  await sweep({ plan, store, signal }, { dryRun });
const CHANGES: ReadonlySet<string | symbol> = new Set([
  'abandonUploads',
  'put',
  'remove',
  'removeObject',
  'touch',
  'write',
]);
/** A store for who only looks. */
const untouchable = (store: PruneStore): PruneStore =>
  new Proxy(store, {
    get: (target, name): unknown => {
      assert.not(CHANGES.has(name), `${String(name)} is asked of a store that is only looked at`);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
const imageOf = (version: string) => digestBytes(`image of ${version}`);
const isThere = async (store: PruneStore, version: string): Promise<boolean> =>
  (await store.digest(imageOf(version), () => undefined)) === imageOf(version).sha256;

/** Kinds of stores, and how what is in one is made older. */
const KINDS: Array<{
  name: string;
  make: () => Promise<{ artifacts: object; age: (days: number) => void }>;
  stop: () => Promise<void>;
}> = [
  {
    name: 'a folder',
    make: async () => {
      const root = join(scratch('sweep-store'), 'store');
      return { artifacts: { store: `file://${root}` }, age: (days) => makeOlder(root, days) };
    },
    stop: async () => undefined,
  },
];
for (const [name, peer] of [
  ['s3rver', await startS3rver()],
  ['versitygw', await startVersitygw()],
] as const) {
  if ('skipped' in peer) {
    process.stdout.write(`${peer.skipped}\n`);
    continue;
  }
  let buckets = 0;
  KINDS.push({
    name,
    make: async () => {
      const bucket = `sweep-${(buckets += 1)}`;
      await makeBucket(peer.url, bucket);
      const root = join(peer.state, 'buckets', bucket, 'demo');
      return { artifacts: { store: `s3://${bucket}/demo`, endpoint: peer.url }, age: (days) => makeOlder(root, days) };
    },
    stop: peer.stop,
  });
}

/** Both servers date objects by their files. */
function makeOlder(root: string, days: number): void {
  const then = Date.now() / 1000 - days * DAY_S;
  for (const name of filesBelow(join(root, 'objects'))) utimesSync(join(root, 'objects', name), then, then);
}

for (const { name, make, stop } of KINDS) {
  const test = suite(`sweep: ${name}`);
  test.after(stop);

  /** Two versions, of which the first was taken out. */
  const begun = async (): Promise<{ host: SweepHost; store: PruneStore; age: (days: number) => void }> => {
    const { artifacts, age } = await make();
    const host = await hostOf(artifacts);
    for (const version of ['0.1.0', '0.2.0']) host.archive(version);
    const store = await openStore(host.plan, HOST);
    await requireSameArchive(host.plan, store, ID, signal);
    await send(host, store, [FIRST, SECOND]);
    await takeOut(host, store, FIRST);
    return { host, store, age };
  };

  test('content goes when nothing names it, nothing in the trash does, and it is old', async () => {
    const { host, store, age } = await begun();
    age(8);
    assert.equal(await sweeping(host, store), { objects: 0, bytes: 0, uploads: 0 });
    await emptyIt(host, store);
    age(6);
    assert.equal(await sweeping(host, store), { objects: 0, bytes: 0, uploads: 0 });
    age(8);
    const dry = await sweeping(host, untouchable(store), true);
    assert.is(await isThere(store, '0.1.0'), true);
    const swept = await sweeping(host, store);
    // Image and manifest.
    assert.is(swept.objects, 2);
    assert.equal(dry, swept);
    assert.is(await isThere(store, '0.1.0'), false);
    assert.is(await isThere(store, '0.2.0'), true);
    assert.equal(await allOf(store.list('claims')), []);
  });

  test('who is about to name what is there makes it young first', async () => {
    const { host, store, age } = await begun();
    await emptyIt(host, store);
    age(8);
    // Another version with the same image.
    host.archive('0.1.0', { archivedAt: '2026-02-02T00:00:00.000Z' });
    await send(host, store, [FIRST]);
    const ageMs = await store.ageMs(imageOf('0.1.0'));
    assert.ok(ageMs !== undefined && ageMs < 3600_000, String(ageMs));
    assert.is(await isThere(store, '0.1.0'), true);
    assert.is((await sweeping(host, store)).objects, 1);
    assert.is(await isThere(store, '0.1.0'), true);
  });

  // s3rver does not list uploads.
  if (name === 'versitygw')
    test('uploads that were begun and never ended are given up when they are old', async () => {
      const { artifacts } = await make();
      const { store: address, endpoint } = artifacts as { store: string; endpoint: string };
      const place = { what: 'test', bucket: address.split('/')[2] ?? '', endpoint };
      const there = await openBucketAt(place, HOST);
      const key = `demo/${objectName('ab'.repeat(32))}`;
      await there.beginUpload(key, 'ab'.repeat(32), {});
      const host = await hostOf(artifacts);
      const store = await openStore(host.plan, HOST);
      assert.is(await store.abandonUploads(Date.now() - 60_000), 0);
      assert.is((await there.unfinished(key)).length, 1);
      assert.is(await store.abandonUploads(Date.now() + 60_000), 1);
      assert.equal(await there.unfinished(key), []);
    });

  test.run();
}

const left = suite('sweep: what is left');

left('files that a host left half written in a folder go when they are old', async () => {
  const root = scratch('sweep-left');
  mkdirSync(join(root, 'objects/ab'), { recursive: true });
  const path = join(root, 'objects/ab', `${STAGING_PREFIX}x-1-0123abcd`);
  writeFileSync(path, 'x');
  const store = new FolderStore(root, signal);
  assert.is(await store.abandonUploads(Date.now() - 60_000), 0);
  assert.is(await store.abandonUploads(Date.now() + 60_000), 1);
  assert.not(existsSync(path));
});

left.run();

const careful = suite('sweep: what cannot be told');

async function folderHost(): Promise<{ host: SweepHost; root: string; store: FolderStore }> {
  const root = join(scratch('sweep-store'), 'store');
  const host = await hostOf({ store: `file://${root}` });
  const store = new FolderStore(root, signal);
  await requireSameArchive(host.plan, store, ID, signal);
  return { host, root, store };
}

careful('nothing is removed when some ref cannot be read, or the manifest that it names is missing', async () => {
  const { host, root, store } = await folderHost();
  host.archive('0.1.0');
  host.archive('0.2.0');
  await send(host, store, [FIRST, SECOND]);
  await takeOut(host, store, FIRST);
  await emptyIt(host, store);
  makeOlder(root, 8);
  const stranger = join(root, 'refs/board/image/0.2.0/other.json');
  writeFileSync(stranger, '{}');
  assert.match((await sweeping(host, store)).problem ?? '', 'refs/board/image/0.2.0/other.json');
  const other = await hostOf({ store: `file://${root}` });
  rmSync(stranger);
  const manifest = digestBytes(readFileSync(join(host.version('0.2.0'), 'manifest.json')));
  rmSync(join(root, objectName(manifest.sha256)));
  assert.match((await sweeping(other, store)).problem ?? '', 'is missing');
  assert.is(await isThere(store, '0.1.0'), true);
});

careful('content that another product of the store names stays', async () => {
  const { host, root, store } = await folderHost();
  host.archive('0.1.0');
  await send(host, store, [FIRST]);
  makeOlder(root, 8);
  const other = handMade(scratch('sweep'));
  other.write({ artifacts: { store: `file://${root}` }, image: 'another' });
  const { plan } = await requirePlan('plan.yml', { cwd: other.dir });
  assert.is((await sweep({ plan, store, signal }, { dryRun: false })).objects, 0);
  assert.is(await isThere(store, '0.1.0'), true);
});

careful.run();

const race = suite('sweep: races');

/** A store in which old content lies that nothing names, and a host that is about to name it. */
async function contested(): Promise<{ host: SweepHost; other: SweepHost; root: string }> {
  const { host, root, store } = await folderHost();
  host.archive('0.1.0');
  await send(host, store, [FIRST]);
  await takeOut(host, store, FIRST);
  await emptyIt(host, store);
  makeOlder(root, 8);
  const other = await hostOf({ store: `file://${root}` });
  other.archive('0.1.0', { archivedAt: '2026-02-02T00:00:00.000Z' });
  return { host, other, root };
}

type Calls = 'ageMs' | 'touch' | 'put' | 'list' | 'read' | 'write' | 'removeObject';

/** A store that another one's calls can come between. */
class GatedStore extends FolderStore {
  before: (call: Calls, what: string) => Promise<void> = async () => undefined;

  override async *list(folder: string): ReturnType<FolderStore['list']> {
    await this.before('list', folder);
    yield* super.list(folder);
  }
  override async read(...args: Parameters<FolderStore['read']>): ReturnType<FolderStore['read']> {
    await this.before('read', args[0]);
    return await super.read(...args);
  }
  override async ageMs(...args: Parameters<FolderStore['ageMs']>): ReturnType<FolderStore['ageMs']> {
    await this.before('ageMs', args[0].sha256);
    return await super.ageMs(...args);
  }
  override async touch(...args: Parameters<FolderStore['touch']>): ReturnType<FolderStore['touch']> {
    await this.before('touch', args[0].sha256);
    return await super.touch(...args);
  }
  override async put(...args: Parameters<FolderStore['put']>): ReturnType<FolderStore['put']> {
    await this.before('put', args[0].sha256);
    await super.put(...args);
  }
  override async write(...args: Parameters<FolderStore['write']>): ReturnType<FolderStore['write']> {
    await this.before('write', args[0]);
    return await super.write(...args);
  }
  override async removeObject(
    ...args: Parameters<FolderStore['removeObject']>
  ): ReturnType<FolderStore['removeObject']> {
    await this.before('removeObject', args[0].sha256);
    await super.removeObject(...args);
  }
}

const gated = (root: string): GatedStore => new GatedStore(root, signal);
const isImage = (sha256: string): boolean => sha256 === imageOf('0.1.0').sha256;

/** Once, at a call. */
function once(store: GatedStore, at: Calls, then: () => Promise<void>): { happened: boolean } {
  const state = { happened: false };
  store.before = async (call, what) => {
    if (state.happened || call !== at || (call !== 'list' && !isImage(what))) return;
    state.happened = true;
    await then();
  };
  return state;
}

for (const at of ['ageMs', 'touch'] as const)
  race(`content that is removed before ${at} of who needs it is sent again`, async () => {
    const { host, other, root } = await contested();
    const pushing = gated(root);
    const state = once(pushing, at, async () => void (await sweeping(host, new FolderStore(root, signal))));
    await send(other, pushing, [FIRST]);
    assert.ok(state.happened);
    assert.is(await isThere(pushing, '0.1.0'), true);
  });

race('content that is named while a sweep is about to look at it stays', async () => {
  const { host, other, root } = await contested();
  const removing = gated(root);
  const state = once(removing, 'ageMs', async () => await send(other, new FolderStore(root, signal), [FIRST]));
  // It has a mark there already; who pushes waits for it unless its content is young: so the push is let go on.
  const clear = async (): Promise<void> => {
    for (const { name } of await allOf(removing.list('claims/sweep'))) await removing.remove(name);
  };
  const { before } = removing;
  removing.before = async (call, what) => {
    if (call === 'ageMs' && !state.happened) await clear();
    await before(call, what);
  };
  await sweeping(host, removing);
  assert.ok(state.happened);
  assert.is(await isThere(removing, '0.1.0'), true);
});

race('who needs content that is being removed waits, and sends it again before it has a name', async () => {
  const { host, other, root } = await contested();
  const [removing, pushing] = [gated(root), gated(root)];
  let pushed: Promise<void> | undefined;
  const name = join(root, refName(other.plan, FIRST));
  const before = readFileSync(name, 'utf8');
  const state = once(removing, 'removeObject', async () => {
    // Found old, and not removed yet: here the other one makes it young, and sees the mark.
    const marked = new Promise<void>((resolve) => {
      let touches = 0;
      pushing.before = async (call, what) => {
        if (call === 'touch') touches += 1;
        if (call === 'list' && what === 'claims/sweep' && touches > 0) resolve();
      };
    });
    pushed = send(other, pushing, [FIRST]);
    const limit = sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
      throw new Error('nobody looks for marks');
    });
    await Promise.race([marked, limit]);
    assert.is(readFileSync(name, 'utf8'), before);
  });
  const swept = await sweeping(host, removing);
  assert.ok(state.happened);
  assert.ok(swept.objects > 0);
  await pushed;
  assert.is(await isThere(pushing, '0.1.0'), true);
  assert.is.not(readFileSync(name, 'utf8'), before);
});

/** Numbers that look random, the same for each run. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
}

race('in whatever order two hosts come, what has a name is there', async () => {
  const outcomes = new Set<string>();
  for (let seed = 1; seed <= 30; seed += 1) {
    const { host, other, root } = await contested();
    const next = numbers(seed);
    const [removing, pushing] = [gated(root), gated(root)];
    for (const store of [removing, pushing])
      store.before = async () => {
        for (let turns = Math.floor(next() * 12); turns > 0; turns -= 1) await nextTurn();
      };
    const [swept] = await Promise.all([sweeping(host, removing), send(other, pushing, [FIRST])]);
    outcomes.add(`${swept.objects} removed`);
    assert.is(await isThere(pushing, '0.1.0'), true, `seed ${seed}`);
    assert.equal(
      readdirSync(join(root, 'claims')).flatMap((one) => readdirSync(join(root, 'claims', one))),
      [],
    );
  }
  // Of image and old manifest, the image was removed and sent again, or kept.
  assert.ok(outcomes.size > 1, [...outcomes].join());
});

race.run();
