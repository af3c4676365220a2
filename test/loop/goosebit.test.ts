/** The loop with gooseBit: the full package goes out, a device that is Debian's swupdate takes it, the fleet tells. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readServerFleet } from '../../src/fleet/servers/open.ts';
import { archivedProduct, LARGE_IMAGE_BYTES, VERSIONS, type ArchivedProduct } from '../support/archived.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { FieldDevice } from '../support/field-device.ts';
import { GOOSEBIT_USER, startGoosebit } from '../support/peers/goosebit.ts';
import { BOARD } from '../support/swupdate.ts';

const ENV = { ...process.env, GOOSEBIT_PASSWORD: GOOSEBIT_USER.password };
const INSTALL_MS = 120_000;

const peer = await startGoosebit();
const test = suite('loop: gooseBit and swupdate');
const reason =
  'skipped' in peer ? peer.skipped : process.getuid?.() === 0 ? undefined : 'devices need root for their own slots';

if (reason !== undefined || 'skipped' in peer) {
  process.stdout.write(`${reason}\n`);
  test.skip('not possible here', () => undefined);
} else {
  let here: ArchivedProduct;
  let proxy: FaultProxy;
  let device: FieldDevice;

  test.before(async () => {
    here = await archivedProduct('loop-goosebit', VERSIONS, LARGE_IMAGE_BYTES);
    proxy = await startFaultProxy(peer.url);
    const server = { url: proxy.url, user: GOOSEBIT_USER.user, password_env: 'GOOSEBIT_PASSWORD' };
    here.edit((plan) => {
      plan.fleet = { goosebit: server };
      plan.swu = { ...plan.swu, full: true };
      plan.publish = [{ name: 'field', kind: 'goosebit', auto: true, ...server }];
    });
    const identify = { sw_version: '0.1.0', hw_boardname: BOARD, hw_revision: '1.0' };
    device = new FieldDevice(
      {
        name: 'dev-1',
        dir: join(here.dir, 'dev-1'),
        slots: here.slots,
        server: proxy.url,
        certificate: join(here.keys, 'ec.crt'),
        identify,
      },
      here.image('0.1.0'),
    );
  });
  test.after(async () => {
    await device.stop();
    await proxy.stop();
    await peer.stop();
  });

  /** What the server says of the device. */
  const version = async (): Promise<string | undefined> => {
    const { fleet } = await here.load();
    if (fleet === undefined || !('server' in fleet)) throw new Error('the plan has no server');
    const host = { env: ENV, signal: new AbortController().signal, report: (): void => undefined };
    return (await readServerFleet(fleet.server, host)).groups[0]?.version;
  };
  const until = async (wanted: string): Promise<void> => {
    for (const endMs = Date.now() + INSTALL_MS; (await version()) !== wanted; await sleep(500))
      if (Date.now() > endMs) throw new Error(`the server does not know ${wanted}: ${device.log.slice(-2000)}`);
  };

  test('a device takes the package that apply made and published, and the fleet is read back', async () => {
    device.start();
    await until('0.1.0');
    const applied = await here.run(['apply', 'plan.yml'], ENV);
    assert.is(applied.exitCode, 0, applied.stdout + applied.stderr);
    assert.match(applied.stdout, '1 package sent');
    // A rollout to a feed is a click in gooseBit, or this call; release-plan makes none there.
    const login = await fetch(`${peer.url}/login`, {
      method: 'POST',
      body: new URLSearchParams({ username: GOOSEBIT_USER.user, password: GOOSEBIT_USER.password }),
    });
    const { access_token: token } = (await login.json()) as { access_token: string };
    const headers = { 'authorization': `Bearer ${token}`, 'content-type': 'application/json' };
    const software = await fetch(`${peer.url}/api/v1/software`, { headers });
    const [sent] = ((await software.json()) as { software: Array<{ id: number; version: string }> }).software;
    assert.is(sent?.version, '0.3.0');
    const body = JSON.stringify({ name: '0.3.0', feed: 'default', software_id: sent?.id });
    const rollout = await fetch(`${peer.url}/api/v1/rollouts`, { method: 'PUT', headers, body });
    assert.ok(rollout.ok, `gooseBit answered ${rollout.status}`);

    const target = readFileSync(here.image('0.3.0'));
    const isThere = (): boolean => readFileSync(device.slot('b')).equals(target);
    assert.ok(await device.until(isThere, INSTALL_MS), device.log.slice(-2000));
    const full = readFileSync(join(here.archive, '0.3.0/updates/full/full-update-0.3.0.swu')).byteLength;
    const loaded = proxy.seen.filter(({ what }) => what.startsWith('GET') && what.endsWith('/download'));
    assert.ok(loaded.length > 0);
    for (const { answeredBytes } of loaded) assert.is(answeredBytes, full);
    await device.stop();
    device.start({ sw_version: '0.3.0', hw_boardname: BOARD, hw_revision: '1.0' }, 2);
    await until('0.3.0');
    assert.match((await here.run(['plan', 'plan.yml'], ENV)).stdout, 'nothing to do');
  });
}
test.run();
