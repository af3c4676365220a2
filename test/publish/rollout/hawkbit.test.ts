import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readServerFleet, serverRows } from '../../../src/fleet/servers/open.ts';
import type { FleetServer } from '../../../src/core/plan.ts';
import { hawkbitClient } from '../../../src/publish/hawkbit.ts';
import { openDestination } from '../../../src/publish/kinds.ts';
import { publishTo } from '../../../src/publish/publish.ts';
import { HawkbitRollouts } from '../../../src/publish/rollout/hawkbit.ts';
import { rolloutsOf } from '../../../src/publish/rollout/server-rollouts.ts';
import { planRollout } from '../../../src/publish/rollout/plan.ts';
import { failureOf } from '../../support/failure.ts';
import { finish, hello, offered } from '../../support/ddi-device.ts';
import { startHawkbit } from '../../support/peers/hawkbit.ts';
import { publishHost } from '../../support/publish-host.ts';
import { releasePackage } from '../../support/release-package.ts';
import { scratch } from '../../support/scratch.ts';

const SETTINGS = { groups: 5, successPercent: 95, errorPercent: 5 };
const peer = await startHawkbit();
const test = suite('rollout of hawkBit');

if ('skipped' in peer) {
  process.stdout.write(`${peer.skipped}\n`);
  test.skip('not reachable', () => undefined);
} else {
  test.after(async () => await peer.stop());

  const dir = scratch('rollout-hawkbit');
  mkdirSync(join(dir, 'archive'));
  const { host, options } = publishHost(dir, { PASSWORD: 'admin' });
  const settings = {
    name: 'field',
    kind: 'hawkbit',
    auto: false,
    options: { url: peer.url, user: 'admin', password_env: 'PASSWORD' },
  };
  const server: FleetServer = {
    kind: 'hawkbit',
    url: peer.url,
    user: 'admin',
    password: { env: 'PASSWORD' },
    attributes: { version: 'version', tag: 'tag', hardware: 'board' },
    tag: 'promoted',
    timeLimitMs: 60_000,
  };
  const packages = [
    releasePackage(join(dir, 'archive'), { version: '0.3.0', base: '0.1.0', seed: 1 }),
    releasePackage(join(dir, 'archive'), { version: '0.3.0', base: '0.2.0', seed: 2 }),
    releasePackage(join(dir, 'archive'), { version: '0.3.0', sizeBytes: 9000, seed: 3 }),
  ];

  /** The plan for the devices that the server knows now, and its rollouts. */
  const planNow = async () => {
    const fleet = await readServerFleet(server, host);
    const plan = planRollout({
      version: '0.3.0',
      tag: 'promoted',
      hardware: 'board-a',
      saysHardware: false,
      groups: fleet.groups,
      packages,
    });
    const names: string[] = [];
    for await (const row of serverRows(server, host)) if (row.version === undefined) names.push(String(row.name));
    return { plan, rollouts: rolloutsOf(plan, { version: 'version', tag: 'tag' }, names) };
  };

  test('each device is offered the package that is meant for it, after start and not before', async () => {
    for (const name of ['dev-1', 'dev-2', 'dev-3'])
      await hello(peer.url, name, { version: '0.1.0', tag: 'promoted', board: 'board-a' });
    await hello(peer.url, 'dev-4', { version: '0.2.0', tag: 'promoted', board: 'board-a' });
    await hello(peer.url, 'dev-5');
    await hello(peer.url, 'dev-6', { version: '0.1.0', tag: 'testing', board: 'board-a' });
    const rolling = new HawkbitRollouts(await hawkbitClient(settings, host));
    const { plan, rollouts } = await planNow();
    assert.equal(
      plan.parts.map(({ base, devices }) => [base, devices]),
      [
        ['0.2.0', 1],
        ['0.1.0', 3],
        [undefined, 1],
      ],
    );
    const counted = await rolling.count(plan, rollouts);
    const early = await failureOf(() => rolling.start(counted, SETTINGS, host.signal));
    assert.is(early.code, 'rollout-unpublished');
    await publishTo(await openDestination(settings, host), packages, options);
    assert.equal(await offered(peer.url, 'dev-1'), []);
    assert.is((await rolling.start(counted, SETTINGS, host.signal)).length, 3);
    for (const [name, file] of [
      ['dev-1', 'delta-update-0.1.0-to-0.3.0.swu'],
      ['dev-4', 'delta-update-0.2.0-to-0.3.0.swu'],
      ['dev-5', 'full-update-0.3.0.swu'],
    ] as const)
      assert.equal(await offered(peer.url, name, 30_000), [file], name);
    assert.equal(await offered(peer.url, 'dev-6'), []);
  });

  test('start again starts nothing, and changes nothing', async () => {
    const rolling = new HawkbitRollouts(await hawkbitClient(settings, host));
    const { plan, rollouts } = await planNow();
    assert.equal(await rolling.start(await rolling.count(plan, rollouts), SETTINGS, host.signal), []);
  });

  test('status, pause and resume', async () => {
    const rolling = new HawkbitRollouts(await hawkbitClient(settings, host));
    const { rollouts } = await planNow();
    assert.is((await rolling.pause(rollouts)).length, 3);
    const paused = await rolling.status('tolomeo-board-a-image-prod-');
    assert.equal(
      paused.map(({ state }) => state),
      ['paused', 'paused', 'paused'],
    );
    assert.equal(paused.map(({ devices }) => devices).toSorted(), [1, 1, 3]);
    assert.ok(paused.every(({ groups }) => groups.reduce((sum, one) => sum + one.devices, 0) > 0));
    assert.equal(await rolling.pause(rollouts), []);
    assert.is((await rolling.resume(rollouts)).length, 3);
    assert.equal(await rolling.resume(rollouts), []);
    for (const { id } of paused) assert.equal(await rolling.failedDevices(id), []);
  });

  test('nothing starts when the server counts other devices than the plan', async () => {
    const rolling = new HawkbitRollouts(await hawkbitClient(settings, host));
    const { plan, rollouts } = await planNow();
    await hello(peer.url, 'dev-7', { version: '0.1.0', tag: 'promoted', board: 'board-a' });
    const failure = await failureOf(() => rolling.count(plan, rollouts));
    assert.is(failure.code, 'rollout-devices');
    assert.is(failure.exitCode, 4);
    assert.match(failure.message, 'planned for 3 devices, and the server counts 4');
  });

  test('a version that goes to more devices later gets a rollout of its own, once the first has ended', async () => {
    const rolling = new HawkbitRollouts(await hawkbitClient(settings, host));
    await finish(peer.url, 'dev-4');
    for (const endMs = Date.now() + 60_000; ; await new Promise((resolve) => setTimeout(resolve, 500))) {
      const [one] = (await rolling.status('tolomeo-')).filter(({ name }) => name.includes('from-0.2.0'));
      if (one?.state === 'finished') break;
      if (Date.now() > endMs) throw new Error(`the rollout did not finish: ${JSON.stringify(one)}`);
    }
    await hello(peer.url, 'dev-4', { version: '0.3.0' });
    await hello(peer.url, 'dev-8', { version: '0.2.0', tag: 'promoted', board: 'board-a' });
    const { plan, rollouts } = await planNow();
    const counted = await rolling.count(plan, rollouts);
    const later = counted.filter(({ part }) => part.base === '0.2.0');
    assert.is((await rolling.start(later, SETTINGS, host.signal)).length, 1);
    assert.equal(await offered(peer.url, 'dev-8', 30_000), ['delta-update-0.2.0-to-0.3.0.swu']);
    const names = (await rolling.status('tolomeo-')).map(({ name }) => name);
    assert.ok(names.includes('tolomeo-board-a-image-prod-from-0.2.0 0.3.0 promoted #2'), names.join());
    assert.equal(await rolling.start(later, SETTINGS, host.signal), []);
  });

  test('a rollout of the same name for other devices is left alone', async () => {
    const rolling = new HawkbitRollouts(await hawkbitClient(settings, host));
    const { plan, rollouts } = await planNow();
    const [first] = await rolling.count(plan, rollouts);
    assert.ok(first);
    const other = { ...first, filter: 'controllerId=="dev-6"', devices: 1 };
    assert.is((await failureOf(() => rolling.start([other], SETTINGS, host.signal))).code, 'rollout-changed');
  });
}
test.run();
