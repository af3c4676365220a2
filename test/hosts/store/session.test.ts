/** Two hosts with one store: what both make at once, what was not sent, what is in the store alone. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { HEADERS_ALONE, readVersion } from '../../../src/archive/manifest.ts';
import { adoptArchive } from '../../../src/archive/identity.ts';
import type { Subject } from '../../../src/hosts/store/names.ts';
import { storedReading } from '../../../src/hosts/store/stored-reading.ts';
import { joinStore, StoreSession } from '../../../src/hosts/store/session.ts';
import { requireArchived } from '../../../src/insight/changes/archived.ts';
import { requirePlan } from '../../../src/plan/load.ts';
import { failureOf } from '../../support/failure.ts';
import { handMade, type HandMade } from '../../support/archive.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('store: session');
const ID = 'a'.repeat(36);
const UPDATE: Subject = { kind: 'update', from: '0.1.0', to: '0.2.0' };

interface StoreHost extends HandMade {
  session: StoreSession;
}

/** A host with a folder of its own. */
async function host(root: string): Promise<StoreHost> {
  const made = handMade(scratch('session'));
  made.write({ artifacts: { store: `file://${root}` } });
  const { plan } = await requirePlan('plan.yml', { cwd: made.dir });
  const looking = { env: {}, signal: new AbortController().signal, report: () => undefined };
  const store = await joinStore(plan, looking);
  if (store === undefined) throw new Error('the plan names a store');
  return { ...made, session: new StoreSession(plan, store, looking) };
}

/** The first has two versions, and the store has them; the second has begun. */
async function hosts(): Promise<[StoreHost, StoreHost]> {
  const root = scratch('session-store');
  const a = await host(root);
  for (const version of ['0.1.0', '0.2.0']) a.archive(version);
  const { plan } = await requirePlan('plan.yml', { cwd: a.dir });
  await adoptArchive(plan, ID);
  await a.session.begin(ID);
  const b = await host(root);
  await b.session.begin(ID);
  return [a, b];
}

const infoOf = (one: HandMade): string => readFileSync(join(one.update('0.1.0', '0.2.0'), 'delta-info.json'), 'utf8');
const makeUpdate = (one: HandMade, createdAt: string): void => one.archiveUpdate('0.1.0', '0.2.0', { createdAt });

test('a host begins with manifests, and files that are in the store alone are none that were lost', async () => {
  const [, b] = await hosts();
  const dir = b.version('0.1.0');
  assert.ok(existsSync(join(dir, 'manifest.json')));
  assert.not(existsSync(join(dir, 'rootfs.squashfs')));
  const { plan } = await requirePlan('plan.yml', { cwd: b.dir });
  assert.is((await readVersion(dir, '0.1.0', HEADERS_ALONE)).state, 'damaged');
  const elsewhere = { ...HEADERS_ALONE, ...(await storedReading(plan)) };
  assert.is((await readVersion(dir, '0.1.0', elsewhere)).state, 'whole');
  assert.is((await failureOf(async () => await requireArchived(plan, '0.1.0'))).code, 'archive-in-store');
  // Of another size: that is damage, wherever else it may be whole.
  writeFileSync(join(dir, 'rootfs.squashfs'), 'x');
  assert.is((await readVersion(dir, '0.1.0', elsewhere)).state, 'damaged');
  assert.is((await failureOf(async () => await requireArchived(plan, '0.1.0'))).code, 'archive-damaged');
  await b.session.bring([{ kind: 'version', version: '0.1.0' }]);
  assert.is(readFileSync(join(dir, 'rootfs.squashfs'), 'utf8'), 'image of 0.1.0');
});

test('of two hosts that make the same update, the one that was first counts', async () => {
  const [a, b] = await hosts();
  makeUpdate(a, '2026-01-01T00:00:00.000Z');
  makeUpdate(b, '2026-02-02T00:00:00.000Z');
  assert.is(await a.session.send(UPDATE), true);
  assert.is(await b.session.send(UPDATE), false);
  assert.is(infoOf(b), infoOf(a));
});

test('an update that was never sent makes way for the one in the store', async () => {
  const [a, b] = await hosts();
  makeUpdate(b, '2026-02-02T00:00:00.000Z');
  makeUpdate(a, '2026-01-01T00:00:00.000Z');
  await a.session.send(UPDATE);
  await b.session.begin(ID);
  assert.is(infoOf(b), infoOf(a));
});

test('what was not sent is sent when the next run begins', async () => {
  const [a, b] = await hosts();
  makeUpdate(a, '2026-01-01T00:00:00.000Z');
  await a.session.begin(ID);
  await b.session.begin(ID);
  assert.is(infoOf(b), infoOf(a));
  assert.not(existsSync(join(b.update('0.1.0', '0.2.0'), 'x.swu')));
});

test('of two hosts that build the same version with other bytes, the second fails', async () => {
  const [a, b] = await hosts();
  for (const [one, archivedAt] of [
    [a, '2026-01-01T00:00:00.000Z'],
    [b, '2026-02-02T00:00:00.000Z'],
  ] as const)
    one.archive('0.3.0', { archivedAt });
  await a.session.send({ kind: 'version', version: '0.3.0' });
  const failure = await failureOf(async () => await b.session.send({ kind: 'version', version: '0.3.0' }));
  assert.is(failure.code, 'store-differs');
  assert.is((await failureOf(async () => await b.session.begin(ID))).code, 'store-differs');
});

test('what has no name goes from one host to another, and nothing else than what was said comes of it', async () => {
  const [a, b] = await hosts();
  const dir = join(scratch('unnamed'), 'deltas');
  mkdirSync(dir);
  writeFileSync(join(dir, 'rootfs.delta'), 'a delta');
  writeFileSync(join(dir, 'rootfs.delta.gz'), 'a delta, compressed');
  const prepared = { dir, files: ['rootfs.delta', 'rootfs.delta.gz'] };
  const said = await a.session.sendUnnamed(prepared);
  assert.equal(Object.keys(said), prepared.files);

  const to = { ...prepared, dir: join(scratch('unnamed-there'), 'deltas') };
  await b.session.bringUnnamed(to, said);
  assert.is(readFileSync(join(to.dir, 'rootfs.delta.gz'), 'utf8'), 'a delta, compressed');

  const other = { sizeBytes: 7, sha256: 'ab'.repeat(32) };
  for (const [what, digest] of [
    ['content that the store has not', other],
    ['a path', { ...other, sha256: `../../archive.json${'a'.repeat(46)}` }],
    ['no size', { ...other, sizeBytes: NaN }],
  ] as const) {
    const failure = await failureOf(async () => await b.session.bringUnnamed(to, { ...said, 'rootfs.delta': digest }));
    assert.is(failure.code, 'store-damaged', what);
  }
  const { 'rootfs.delta': delta } = said;
  const half = await failureOf(async () => await b.session.bringUnnamed(to, { 'rootfs.delta': delta ?? other }));
  assert.match(half.message, 'rootfs.delta.gz');
  assert.is(readFileSync(join(to.dir, 'rootfs.delta'), 'utf8'), 'a delta', 'what was there stays');
});

test.run();
