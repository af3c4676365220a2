/**
 * Three workers on hosts of their own, with a network between them, a queue and a store: builds and deltas go on
 * whatever happens to hosts, redis, store and network, and the archive is that of one host.
 */
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { labHindrance, runInLab } from '../support/lab.ts';
import { startS3rver } from '../support/peers/s3.ts';

const test = suite('hosts on a network');

/** About a minute on a quiet machine. */
const LIMIT_MS = 400_000;

const hindrance = labHindrance();
// Installed here: a lab has no way out.
const peer = hindrance === undefined ? await startS3rver() : { skipped: hindrance };

if ('skipped' in peer) {
  process.stdout.write(`${peer.skipped}\n`);
  test.skip('three workers', () => undefined);
} else {
  await peer.stop();
  test('three workers make 2 builds and 60 deltas while hosts, redis, store and network fail', async () => {
    const { exitCode, said } = await runInLab(fileURLToPath(new URL('network-run.ts', import.meta.url)), LIMIT_MS);
    if (process.env.RELEASE_PLAN_LAB_LOG !== undefined) process.stdout.write(said);
    assert.is(exitCode, 0, said);
  });
}

test.run();
