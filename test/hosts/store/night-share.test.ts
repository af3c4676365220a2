/** A night's share of a store that goes away in the middle. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { adoptArchive } from '../../../src/archive/identity.ts';
import type { StoreRead } from '../../../src/archive/store-read.ts';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import type { Checking } from '../../../src/hosts/store/check.ts';
import { FolderStore } from '../../../src/hosts/store/folder.ts';
import { readStoreShare, storeShare } from '../../../src/hosts/store/night-share.ts';
import { StoreSession } from '../../../src/hosts/store/session.ts';
import { contentsOf, type There } from '../../../src/hosts/store/there.ts';
import type { FileDigest, LocalFile } from '../../../src/io/hash.ts';
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
  /** Content on a bad place of the disk. */
  unreadable: string | undefined;
  /** Content that is not there, and does not arrive whole. */
  missing: string | undefined;

  override async digest(object: FileDigest, onBytes: (bytes: number) => void): Promise<string | undefined> {
    if (this.left === 0) throw new ReleasePlanError('server-unreachable', 'it does not answer');
    this.left -= 1;
    if (object.sha256 === this.unreadable) throw Object.assign(new Error('EIO'), { code: 'EIO', syscall: 'read' });
    if (object.sha256 === this.missing) return undefined;
    return await super.digest(object, onBytes);
  }

  override async put(file: LocalFile, onBytes: (bytes: number) => void): Promise<void> {
    if (file.sha256 === this.missing) throw new ReleasePlanError('store-damaged', 'what arrived is not what was sent');
    await super.put(file, onBytes);
  }
}

interface Case {
  checking: Checking & { store: LeavingStore };
  there: There[];
  record(): StoreRead;
}

/** A store with three versions. */
async function stored(): Promise<Case> {
  const root = scratch('share-store');
  const made = handMade(scratch('share'));
  made.write({ artifacts: { store: `file://${root}` } });
  for (const version of ['0.1.0', '0.2.0', '0.3.0']) made.archive(version);
  const { plan } = await requirePlan('plan.yml', { cwd: made.dir });
  await adoptArchive(plan, 'a'.repeat(36));
  const store = new LeavingStore(root, signal);
  await new StoreSession(plan, store, { env: {}, signal, report: () => undefined }).begin('a'.repeat(36));
  const seen = { refs: new Map(), removed: new Map(), documents: new Map() };
  return {
    checking: { plan, store, signal, onSubject: () => undefined, onBytes: () => undefined },
    there: [...(await contentsOf(store, plan, seen)).there.values()],
    record: () =>
      JSON.parse(readFileSync(join(made.dir, 'artifacts/board/image/store-read.json'), 'utf8')) as StoreRead,
  };
}

const [first, second] = [new Date('2026-03-01T02:00:00Z'), new Date(Date.parse('2026-03-01T02:00:00Z') + DAY_MS)];

test('one that cannot be read keeps the night from no other', async () => {
  const { checking, there, record } = await stored();
  const share = await storeShare(checking, there, { now: first, verifyDays: VERIFY_DAYS });
  checking.store.unreadable = share.due[0]?.ref.manifest.sha256;
  const { problems, failure } = await readStoreShare(checking, share, second);
  assert.equal([problems, failure?.code], [[], 'io-failed']);
  const { readAt, manifests } = record();
  assert.is(readAt, undefined);
  assert.equal(
    Object.values(manifests).toSorted(),
    [first, second, second].map((at) => at.toISOString()),
  );
});

test('a store that damages what is sent again is told, and ends no night', async () => {
  const { checking, there, record } = await stored();
  const share = await storeShare(checking, there, { now: first, verifyDays: VERIFY_DAYS });
  checking.store.missing = share.due[0]?.ref.manifest.sha256;
  const { problems, failure } = await readStoreShare(checking, share, second);
  assert.equal(
    [problems.map(({ problem, isRepaired }) => [problem, isRepaired]), failure],
    [[['is missing', false]], undefined],
  );
  assert.equal(record().damaged, [checking.store.missing]);
});

test('what was read before the store went away is remembered, and the rest is due the next night', async () => {
  const { checking, there, record } = await stored();
  const { store } = checking;
  const share = await storeShare(checking, there, { now: first, verifyDays: VERIFY_DAYS });
  assert.is(share.due.length, 3);
  assert.is(share.dueBytes, share.storedBytes);
  // A manifest and an image at least.
  store.left = 2;
  const { problems, failure } = await readStoreShare(checking, share, first);
  assert.equal(problems, []);
  assert.is(failure?.code, 'server-unreachable');
  assert.is(record().readAt, undefined, 'the night is not over');

  store.left = Infinity;
  const again = await storeShare(checking, there, { now: second, verifyDays: VERIFY_DAYS });
  assert.is(again.due.length, 3);
  assert.equal(await readStoreShare(checking, again, second), { problems: [] });
  const { readAt, manifests } = record();
  assert.is(readAt, second.toISOString());
  assert.equal([...new Set(Object.values(manifests))], [second.toISOString()]);
});

test.run();
