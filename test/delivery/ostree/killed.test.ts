/** kill -9 at random moments of a generation: whatever is left, every client is served and the next run completes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { makeDeltas } from '../../../src/delivery/ostree/make.ts';
import { pruneDeltas } from '../../../src/delivery/ostree/prune.ts';
import { deltaStates } from '../../../src/delivery/ostree/state.ts';
import { deltaFolder, type CommitPair } from '../../../src/delivery/ostree/static-delta.ts';
import { run } from '../../../src/io/process.ts';
import { serveWhole } from '../../support/ostree-server.ts';
import { archiveRepository, clientWith, commit, copyOf, treeOf } from '../../support/ostree.ts';

const test = suite('delta/ostree/killed');

const KILLS = 20;
const child = fileURLToPath(new URL('../../support/make-deltas-child.js', import.meta.url));
const quiet = { progress: () => undefined, warn: () => undefined, waitMs: 10_000 };

/** Starts a generation and kills it so many milliseconds after its start; false when it was done by then. */
async function killDuring(repo: string, { from, to }: CommitPair, afterMs: number): Promise<boolean> {
  const running = spawn(process.execPath, [child, repo, from, to], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  running.stdout.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = once(running, 'exit');
  await once(running.stdout, 'data');
  const timer = setTimeout(() => running.kill('SIGKILL'), afterMs);
  await ended;
  clearTimeout(timer);
  return !said.includes('done');
}

/** Pulls over HTTP, as devices do: from a folder, ostree passes over deltas. */
const pull = async (client: string, rev: string, ...flags: string[]): Promise<number> =>
  (await run('ostree', [`--repo=${client}`, 'pull', ...flags, 'origin', rev], { okCodes: [0, 1] })).exitCode;

test(`${KILLS} kills at random moments, in first generations and in repairs`, async () => {
  const repo = { path: await archiveRepository('killed') };
  const [a, b, c] = [
    await commit(repo.path, 'x', treeOf('x', 1, 300_000)),
    await commit(repo.path, 'x', treeOf('x', 2, 300_000)),
    await commit(repo.path, 'x', treeOf('x', 3, 300_000)),
  ];
  const served = { from: a, to: b };
  const made = { from: b, to: c };
  await makeDeltas(repo, [served], quiet);
  const started = performance.now();
  await makeDeltas(repo, [made], quiet);
  const spanMs = performance.now() - started;

  const server = await serveWhole(repo.path);
  const clients = { a: await clientWith(repo.path, a), b: await clientWith(repo.path, b) };
  for (const client of Object.values(clients))
    await run('ostree', [`--repo=${client}`, 'remote', 'add', '--no-gpg-verify', 'origin', server.url]);

  let kills = 0;
  try {
    for (let round = 0; kills < KILLS && round < 3 * KILLS; round += 1) {
      if (round % 3 === 2) {
        const part = join(deltaFolder(repo, made), '0');
        const bytes = readFileSync(part);
        writeFileSync(part, bytes.fill(0xff, 100, 120));
      } else await pruneDeltas(repo, [made], quiet);
      if (await killDuring(repo.path, made, Math.random() * spanMs * 1.2)) kills += 1;

      // A client of another delta, and one that would use this delta if it were offered. A damaged delta that the
      // kill left in place was advertised before, and breaks its clients until the next run: that is the damage, not
      // the kill.
      assert.is(
        await pull(copyOf(clients.a), b, '--require-static-deltas'),
        0,
        `round ${round}: client of the other delta`,
      );
      if (round % 3 !== 2 || (await deltaStates(repo, [made]))[0]?.state !== 'broken') {
        assert.is(await pull(copyOf(clients.b), c), 0, `round ${round}: ordinary client`);
      }
      await makeDeltas(repo, [made], quiet);
      assert.is(await pull(copyOf(clients.b), c, '--require-static-deltas'), 0, `round ${round}: client of the delta`);
    }
  } finally {
    await server.close();
  }
  assert.is(kills, KILLS);
});

test.run();
