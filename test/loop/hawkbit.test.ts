/**
 * The loop, closed, with real parts: packages of `apply`, hawkBit's own server, devices that are Debian's swupdate.
 * What each device downloads is counted on the way.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { archivedProduct, LARGE_IMAGE_BYTES, VERSIONS, type ArchivedProduct } from '../support/archived.ts';
import { wireText } from '../../src/text/bytes.ts';
import { hello } from '../support/ddi-device.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { FieldDevice } from '../support/field-device.ts';
import { startHawkbit } from '../support/peers/hawkbit.ts';
import type { CliResult } from '../support/product.ts';

const ENV = { ...process.env, HAWKBIT_PASSWORD: 'admin' };
const INSTALL_MS = 120_000;

const peer = await startHawkbit();
const test = suite('loop: hawkBit and swupdate');
const reason =
  'skipped' in peer ? peer.skipped : process.getuid?.() === 0 ? undefined : 'devices need root for their own slots';

if (reason !== undefined || 'skipped' in peer) {
  process.stdout.write(`${reason}\n`);
  test.skip('not possible here', () => undefined);
} else {
  let here: ArchivedProduct;
  let proxy: FaultProxy;
  const devices = new Map<string, FieldDevice>();

  const run = async (...args: string[]): Promise<CliResult> => await here.run(args, ENV);
  const rollout = async (verb: string, ...flags: string[]): Promise<CliResult> =>
    await run('rollout', 'plan.yml', '0.3.0', verb, '--tag', 'promoted', ...flags);
  const device = (name: string): FieldDevice => {
    const found = devices.get(name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  };
  /** Bytes of packages that a device downloaded. */
  const downloaded = (name: string): number =>
    proxy.seen
      .filter(
        ({ what }) => what.startsWith(`GET /DEFAULT/controller/v1/${name}/softwaremodules/`) && what.endsWith('.swu'),
      )
      .reduce((sum, one) => sum + one.answeredBytes, 0);
  /**
   * Waits until a device has the image in its other slot. Debian's swupdate can lose a signal of its own under load and
   * hang; a device's watchdog would start it again then, and so do we. @returns how often
   */
  const installs = async (name: string, image: Buffer): Promise<number> => {
    const isThere = (): boolean => readFileSync(device(name).slot('b')).equals(image);
    for (let restarts = 0; restarts < 3; restarts += 1) {
      if (await device(name).until(isThere, INSTALL_MS / 3)) return restarts;
      await device(name).stop();
      device(name).start();
    }
    throw new Error(`${name}: ${device(name).log.slice(-2000)}`);
  };
  const packageBytes = (base: string): number =>
    readFileSync(join(here.update(base), `delta-update-${base}-to-0.3.0.swu`)).byteLength;

  /** A device of the field on a version, its client running. */
  const add = (name: string, version: string): FieldDevice => {
    const made = new FieldDevice(
      {
        name,
        dir: join(here.dir, name),
        slots: here.slots,
        server: proxy.url,
        certificate: join(here.keys, 'ec.crt'),
        identify: { version, tag: 'promoted' },
      },
      here.image(version),
    );
    devices.set(name, made);
    return made;
  };

  test.before(async () => {
    here = await archivedProduct('loop', VERSIONS, LARGE_IMAGE_BYTES);
    proxy = await startFaultProxy(peer.url);
    const server = { url: proxy.url, user: 'admin', password_env: 'HAWKBIT_PASSWORD', tag_attribute: 'tag' };
    here.edit((plan) => {
      plan.fleet = { hawkbit: server };
      plan.swu = { ...plan.swu, full: true };
      plan.publish = [{ name: 'field', kind: 'hawkbit', auto: true, ...server, rollout: { groups: 1 } }];
    });
  });
  test.after(async () => {
    await Promise.all([...devices.values()].map(async (one) => await one.stop()));
    await proxy.stop();
    await peer.stop();
  });

  test('devices tell the server what they run', async () => {
    for (const name of ['dev-1', 'dev-2', 'dev-3']) add(name, '0.1.0');
    add('dev-4', '0.2.0');
    // Somebody wrote to the slot that is in use.
    const altered = readFileSync(device('dev-3').slot('a'));
    altered[100_000] = (altered[100_000] ?? 0) ^ 1;
    writeFileSync(device('dev-3').slot('a'), altered);
    for (const one of devices.values()) one.start();
    await hello(peer.url, 'dev-5', { tag: 'promoted' });
    for (const endMs = Date.now() + 60_000; ; await sleep(500)) {
      const { stdout } = await rollout('plan', '--json');
      // Nothing is made for them yet.
      const { stranded } = (stdout === '' ? {} : JSON.parse(stdout)) as { stranded?: number };
      if (stranded === 5) break;
      if (Date.now() > endMs) throw new Error(`the devices did not come up: ${stdout}`);
    }
  });

  test('apply makes what they need and publishes it', async () => {
    const applied = await run('apply', 'plan.yml');
    assert.is(applied.exitCode, 0, applied.stdout + applied.stderr);
    assert.match(applied.stdout, '3 packages sent');
    const planned = await rollout('plan');
    assert.match(planned.stdout, /from 0\.2\.0, delta +1 /);
    assert.match(planned.stdout, /from 0\.1\.0, delta +3 /);
    // The device whose version nobody knows.
    assert.match(planned.stdout, /the rest, full package +1 /);
    assert.is(planned.exitCode, 0, planned.stdout);
    const unknown = await rollout('status');
    assert.is(unknown.exitCode, 4);
    assert.match(unknown.stderr, 'error[rollout-unknown]');
  });

  test('started, each device downloads the package that is meant for it, and installs it', async () => {
    assert.equal(
      ['dev-1', 'dev-2', 'dev-3', 'dev-4'].map((name) => downloaded(name)),
      [0, 0, 0, 0],
    );
    const started = await rollout('start');
    assert.is(started.exitCode, 0, started.stderr);
    const target = readFileSync(here.image('0.3.0'));
    for (const [name, base] of [
      ['dev-1', '0.1.0'],
      ['dev-2', '0.1.0'],
      ['dev-4', '0.2.0'],
    ] as const) {
      const restarts = await installs(name, target);
      assert.is(downloaded(name), (1 + restarts) * packageBytes(base));
    }
  });

  test('the device with an altered base refuses, its other slot untouched', async () => {
    const hasRefused = (): boolean => /SWUPDATE failed|Image invalid or corrupted/.test(device('dev-3').log);
    assert.ok(await device('dev-3').until(hasRefused, INSTALL_MS), device('dev-3').log.slice(-2000));
    assert.ok(device('dev-3').isUntouched);
  });

  test('after a reboot the server knows, and so does the plan', async () => {
    for (const name of ['dev-1', 'dev-2', 'dev-4']) {
      await device(name).stop();
      device(name).start({ version: '0.3.0', tag: 'promoted' }, 2);
    }
    let said: CliResult = { exitCode: -1, stdout: '', stderr: '' };
    for (const endMs = Date.now() + INSTALL_MS; Date.now() < endMs; await sleep(1000)) {
      said = await rollout('status', '--json');
      const { rollouts } = JSON.parse(said.stdout) as { rollouts: Array<{ finished: number; failed: number }> };
      if (rollouts.reduce((sum, one) => sum + one.finished, 0) === 3 && rollouts.some(({ failed }) => failed === 1))
        break;
    }
    assert.is(said.exitCode, 4);
    const { rollouts } = JSON.parse(said.stdout) as { rollouts: Array<{ failed: number; failedDevices: string[] }> };
    assert.equal(rollouts.find(({ failed }) => failed > 0)?.failedDevices, ['dev-3']);
    const planned = await rollout('plan');
    assert.match(planned.stdout, '3 run it already');
    // The one that refused is offered no delta any more.
    assert.not.match(planned.stdout, /from 0\.1\.0, delta/);
    assert.match(planned.stdout, /the rest, full package +1 /);
    assert.match(planned.stdout, /refused their delta, full package +1 /);
  });

  test('the device that refused takes the full package', async () => {
    const started = await rollout('start');
    assert.is(started.exitCode, 0, started.stderr);
    assert.match(started.stdout, /^started .*-full 0\.3\.0 promoted refused\n$/);
    const target = readFileSync(here.image('0.3.0'));
    const restarts = await installs('dev-3', target);
    const full = readFileSync(join(here.archive, '0.3.0/updates/full/full-update-0.3.0.swu')).byteLength;
    assert.is(downloaded('dev-3'), packageBytes('0.1.0') + (1 + restarts) * full);
    // Started again it is not sent twice.
    const again = await rollout('start');
    assert.match(again.stdout, 'Nothing to do', `${again.stdout}${again.stderr}`);
  });

  test('nothing is left to be made, and publishing again sends nothing', async () => {
    const plan = await run('plan', 'plan.yml');
    assert.is(plan.exitCode, 0);
    assert.not.match(plan.stdout, /delta 0\./);
    const before = proxy.seen.filter(({ what }) => what.startsWith('POST /rest')).length;
    await run('publish', 'plan.yml');
    // What devices loaded that told how it ended, beside full packages; dev-3 has not started anew since.
    const { rollouts } = JSON.parse((await rollout('status', '--json')).stdout) as {
      rollouts: Array<{ wire?: { bytes: number; fullBytes: number } }>;
    };
    const full = readFileSync(join(here.archive, '0.3.0/updates/full/full-update-0.3.0.swu')).byteLength;
    const loaded = 3 * packageBytes('0.1.0') + packageBytes('0.2.0');
    assert.is(
      rollouts.reduce((sum, { wire }) => sum + (wire?.bytes ?? 0), 0),
      loaded,
    );
    assert.is(
      rollouts.reduce((sum, { wire }) => sum + (wire?.fullBytes ?? 0), 0),
      3 * full,
    );
    const page = await run('report', 'plan.yml', '--format', 'html');
    assert.match(page.stdout, wireText(loaded, 3 * full));
    assert.is(proxy.seen.filter(({ what }) => what.startsWith('POST /rest')).length, before);
  });
}
test.run();
