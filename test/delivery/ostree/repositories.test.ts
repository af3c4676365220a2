/** Repositories of other shapes: behind a link, on other file systems, with a collection id, without deltas in the summary. */
import { cpSync, existsSync, mkdtempSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDeltas } from '../../../src/delivery/ostree/make.ts';
import { deltaStates } from '../../../src/delivery/ostree/state.ts';
import type { CommitPair } from '../../../src/delivery/ostree/static-delta.ts';
import { archiveRepository, clientWith, commit, ostree, treeOf } from '../../support/ostree.ts';
import { serveWithoutObjects } from '../../support/ostree-server.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('delivery/ostree/repositories');

const quiet = { progress: () => undefined, warn: (message: string) => assert.unreachable(message) };

/** Two commits; `bind` is what a repository must be before its first commit. */
async function product(name: string, ...config: string[]): Promise<{ path: string; pair: CommitPair }> {
  const path = await archiveRepository(name);
  if (config.length > 0) await ostree(path, 'config', 'set', ...config);
  const from = await commit(path, 'x', treeOf('x', 1), 1);
  return { path, pair: { from, to: await commit(path, 'x', treeOf('x', 2), 2) } };
}

/** Makes the delta, and a client takes it over HTTP. */
async function makeAndPull(path: string, pair: CommitPair): Promise<void> {
  const [made] = await makeDeltas({ path }, [pair], quiet);
  assert.is(made?.isNew, true);
  const [state] = await deltaStates({ path }, [pair]);
  assert.ok(state?.state === 'proven' && state.isAdvertised);
  assert.is((await makeDeltas({ path }, [pair], quiet))[0]?.isNew, false);
  const client = await clientWith(path, pair.from);
  const server = await serveWithoutObjects(path);
  try {
    await ostree(client, 'remote', 'add', '--no-gpg-verify', 'origin', server.url);
    const pull = ['pull', '--require-static-deltas', 'origin', pair.to];
    await ostree(client, ...pull).catch(async () => await ostree(client, ...pull));
  } finally {
    await server.close();
  }
  await ostree(client, 'fsck', '--quiet');
}

test('behind a symbolic link', async () => {
  const { path, pair } = await product('linked');
  const link = join(scratch('link'), 'repo');
  symlinkSync(path, link);
  await makeAndPull(link, pair);
});

test('on another file system, whole or only its deltas', async () => {
  const memory = '/dev/shm';
  const { path, pair } = await product('other-disk');
  if (!existsSync(memory) || statSync(memory).dev === statSync(path).dev) return;
  const folder = mkdtempSync(join(memory, 'release-plan-test-'));
  try {
    const moved = join(folder, 'repo');
    cpSync(path, moved, { recursive: true });
    await makeAndPull(moved, pair);
    renameSync(join(path, 'objects'), join(path, 'kept'));
    for (const name of ['deltas', 'objects']) mkdirSync(join(folder, name));
    cpSync(join(path, 'kept'), join(folder, 'objects'), { recursive: true });
    for (const name of ['deltas', 'objects']) symlinkSync(join(folder, name), join(path, name));
    await makeAndPull(path, pair);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('with a collection id, to which its commits are bound', async () => {
  const { path, pair } = await product('collection', 'core.collection-id', 'org.example.Lmp');
  await makeAndPull(path, pair);
});

test('without deltas in the summary: clients find them in the indexes', async () => {
  const { path, pair } = await product('indexed', 'core.no-deltas-in-summary', 'true');
  await makeAndPull(path, pair);
  assert.not.match(await ostree(path, 'summary', '--view'), /[0-9a-f]{64}-[0-9a-f]{64}/);
});

test.run();
