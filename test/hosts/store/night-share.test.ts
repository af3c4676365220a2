/** A night's share of a store that goes away in the middle. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { adoptArchive } from '../../../src/archive/identity.ts';
import type { StoreRead } from '../../../src/archive/store-read.ts';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import { FolderStore } from '../../../src/hosts/store/folder.ts';
import { readStoreShare, storeShare } from '../../../src/hosts/store/night-share.ts';
import { StoreSession } from '../../../src/hosts/store/session.ts';
import { contentsOf } from '../../../src/hosts/store/there.ts';
import type { FileDigest } from '../../../src/io/hash.ts';
import { requirePlan } from '../../../src/plan/load.ts';
import { handMade } from '../../support/archive.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('store: night share');
const DAY_MS = 86_400_000;
const VERIFY_DAYS = 1;
const { signal } = new AbortController();

/** Answers so many questions for content, and none from then on. */
class LeavingStore extends FolderStore {
  left = Infinity;

  override async digest(object: FileDigest, onBytes: (bytes: number) => void): Promise<string | undefined> {
    if (this.left === 0) throw new ReleasePlanError('server-unreachable', 'it does not answer');
    this.left -= 1;
    return await super.digest(object, onBytes);
  }
}

test('what was read before the store went away is remembered, and the rest is due the next night', async () => {
  const root = scratch('share-store');
  const made = handMade(scratch('share'));
  made.write({ artifacts: { store: `file://${root}` } });
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) made.archive(version);
  const { plan } = await requirePlan('plan.yml', { cwd: made.dir });
  await adoptArchive(plan, 'a'.repeat(36));
  const store = new LeavingStore(root, signal);
  await new StoreSession(plan, store, { env: {}, signal, report: () => undefined }).begin('a'.repeat(36));

  const checking = { plan, store, signal, onSubject: () => undefined, onBytes: () => undefined };
  const seen = { refs: new Map(), removed: new Map(), documents: new Map() };
  const there = [...(await contentsOf(store, plan, seen)).there.values()];
  const [first, second] = [0, DAY_MS].map((ms) => new Date(Date.parse('2026-03-01T02:00:00Z') + ms));
  if (first === undefined || second === undefined) throw new Error('two nights');

  const share = await storeShare(checking, there, { now: first, verifyDays: VERIFY_DAYS });
  assert.is(share.due.length, 3);
  assert.is(share.dueBytes, share.storedBytes);
  // A manifest and an image at least.
  store.left = 2;
  const { problems, failure } = await readStoreShare(checking, share, first);
  assert.equal(problems, []);
  assert.is(failure?.code, 'server-unreachable');
  const record = JSON.parse(readFileSync(join(made.dir, 'artifacts/board/image/store-read.json'), 'utf8')) as StoreRead;
  assert.is(record.readAt, undefined, 'the night is not over');

  store.left = Infinity;
  const again = await storeShare(checking, there, { now: second, verifyDays: VERIFY_DAYS });
  assert.is(again.due.length, 3);
  assert.equal(await readStoreShare(checking, again, second), { problems: [] });
  const { readAt, manifests } = JSON.parse(
    readFileSync(join(made.dir, 'artifacts/board/image/store-read.json'), 'utf8'),
  ) as StoreRead;
  assert.is(readAt, second.toISOString());
  assert.equal([...new Set(Object.values(manifests))], [second.toISOString()]);
});

test.run();
