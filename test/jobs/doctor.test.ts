/** `doctor PLAN --queue --store`, against redis and S3 servers that run here. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerDoctor } from '../../src/commands/doctor.ts';
import type { HostCheck } from '../../src/core/host-check.ts';
import { IDENTITY } from '../../src/archive/identity.ts';
import { clockCheck } from '../../src/hosts/checks/clock.ts';
import { queueAddress } from '../../src/hosts/queue/address.ts';
import { hostChecks } from '../../src/jobs/doctor.ts';
import { requirePlan } from '../../src/plan/load.ts';
import { handMade } from '../support/archive.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { CREDENTIALS, makeBucket, startS3rver, startVersitygw } from '../support/peers/s3.ts';
import { freePort, redisServer } from '../support/redis.ts';
import { scratch } from '../support/scratch.ts';
import { makeKeys } from '../support/signing.ts';

Object.assign(process.env, CREDENTIALS);
const KEY = 'RELEASE_PLAN_QUEUE_KEY';
const test = suite('jobs: doctor');

const doctor = async (dir: string, ...args: string[]): Promise<CommandRun> =>
  await runCommand(registerDoctor, ['doctor', ...args, '--json'], { cwd: dir });
const checksOf = ({ stdout }: CommandRun): HostCheck[] => (JSON.parse(stdout) as { checks: HostCheck[] }).checks;
const statesOf = (checks: readonly HostCheck[]): Record<string, string> =>
  Object.fromEntries(checks.map(({ name, state }) => [name, state]));
/** The checks alone: those of programs take seconds. */
const checks = async (dir: string | undefined, queue?: string): Promise<HostCheck[]> => {
  const { signal } = new AbortController();
  const plan = dir === undefined ? undefined : (await requirePlan('plan.yml', { cwd: dir })).plan;
  const host = { env: process.env, signal, report: () => undefined, drive: async () => undefined };
  const address = queue === undefined ? undefined : queueAddress(queue, process.env);
  return await hostChecks({ plan, queue: address, store: plan !== undefined }, host);
};

test('a clock is judged by what it can have said at the least', () => {
  const state = (theirsMs: number): string => clockCheck('clock', theirsMs, 1_000_000, 1_002_000).state;
  assert.equal([1_001_000, 1_029_000, 1_032_500, 950_000, 1_400_000, 600_000].map(state), [
    'ok',
    'ok',
    'limited',
    'limited',
    'failed',
    'failed',
  ]);
  assert.match(clockCheck('clock', 940_000, 1_000_000, 1_000_001).detail, '60 s behind');
});

test('--store without a plan is a mistake', async () => {
  const { failure } = await doctor('/', '--store');
  assert.is((failure as { code?: string }).code, 'usage');
});

test('a queue is asked; one that is not there fails, and so does a missing key', async () => {
  const redis = await redisServer();
  process.env[KEY] = 'a secret that all hosts share';
  try {
    const found = await checks(undefined, redis.url);
    assert.equal(statesOf(found), {
      'queue': 'ok',
      'redis': 'ok',
      'clock of the queue': 'ok',
      'key of the queue': 'ok',
    });
    assert.match(found.find(({ name }) => name === 'redis')?.detail ?? '', /^\d+\.\d+/);
    delete process.env[KEY];
    const away = await doctor('/', '--queue', `redis://127.0.0.1:${await freePort()}`);
    assert.equal(statesOf(checksOf(away)), { 'queue': 'failed', 'key of the queue': 'failed' });
    assert.is(away.exitCode, 5);
  } finally {
    delete process.env[KEY];
    await redis.kill();
  }
});

for (const [name, start, conditions] of [
  ['s3rver', startS3rver, 'limited'],
  ['versitygw', startVersitygw, 'ok'],
] as const) {
  const peer = await start();
  if ('skipped' in peer) {
    process.stdout.write(`${peer.skipped}\n`);
    continue;
  }
  test(`a store is asked, ${name}`, async () => {
    try {
      await makeBucket(peer.url, 'doctor');
      const here = handMade(scratch('doctor'));
      const artifacts = { store: 's3://doctor/a', endpoint: peer.url };
      const keys = makeKeys('doctor-keys').dir;
      here.write({
        artifacts,
        signing: { method: 'rsa', key: join(keys, 'rsa.pem'), public: join(keys, 'rsa.pub.pem') },
      });
      const empty = await checks(here.dir);
      assert.equal(
        statesOf(empty),
        {
          'store': 'ok',
          'archive': 'ok',
          'clock of the store': 'ok',
          'conditional writes': conditions,
          'build': 'ok',
          'deltas': 'ok',
          'sign': 'ok',
        },
        JSON.stringify(empty),
      );
      here.archive('0.1.0');
      here.write({ artifacts });
      const keyless = await checks(here.dir);
      assert.is(statesOf(keyless).sign, 'limited');
      const other = { store: 's3://no-such-bucket/a', endpoint: peer.url };
      here.write({ artifacts: other });
      const missing = await checks(here.dir);
      assert.is(statesOf(missing).store, 'failed', JSON.stringify(missing));
    } finally {
      await peer.stop();
    }
  });
}

test('an archive that is another than the one of the store', async () => {
  const here = handMade(scratch('doctor-other'));
  const root = scratch('doctor-store');
  here.write({ artifacts: { store: `file://${root}` } });
  here.archive('0.1.0');
  const id = (digit: string): string => `${JSON.stringify({ schema: 1, id: digit.repeat(36) })}\n`;
  writeFileSync(join(root, 'archive.json'), id('a'));
  writeFileSync(join(here.dir, 'artifacts', IDENTITY), id('b'));
  const run = await doctor(here.dir, 'plan.yml', '--store');
  const found = checksOf(run);
  assert.is(statesOf(found).archive, 'failed');
  assert.is(statesOf(found)['conditional writes'], 'ok');
  assert.is(run.exitCode, 5);
});

test('whether this host can build is asked of the kas that the plan names', async () => {
  const here = handMade(scratch('doctor-kas'));
  const build = async (kas: object): Promise<HostCheck | undefined> => {
    here.write({ kas: { config: 'base.yml', ...kas } });
    return (await checks(here.dir)).find(({ name }) => name === 'build');
  };
  assert.equal(await build({ command: './no-kas' }), {
    name: 'build',
    state: 'limited',
    detail: `this host cannot build: ${join(here.dir, 'no-kas')} is missing`,
  });
  writeFileSync(join(here.dir, 'my-kas'), '#!/bin/sh\necho my-kas 9.1\n', { mode: 0o755 });
  assert.equal(await build({ command: './my-kas' }), { name: 'build', state: 'ok', detail: 'my-kas 9.1' });
});

test.run();
