import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readServerFleet } from '../../../src/fleet/servers/open.ts';
import type { FleetServer } from '../../../src/core/plan.ts';
import { failureOf } from '../../support/failure.ts';
import { startFaultProxy, type FaultProxy } from '../../support/fault-proxy.ts';
import { startHawkbit } from '../../support/peers/hawkbit.ts';
import { hello } from '../../support/ddi-device.ts';

const peer = await startHawkbit();
const test = suite('fleet of hawkBit');

if ('skipped' in peer) {
  process.stdout.write(`${peer.skipped}\n`);
  test.skip('not reachable', () => undefined);
} else {
  let proxy: FaultProxy;
  test.before(async () => {
    proxy = await startFaultProxy(peer.url);
    await hello(peer.url, 'dev-1', { version: '0.1.0', tag: 'promoted', board: 'a' });
    await hello(peer.url, 'dev-2', { version: '0.1.0', tag: 'promoted', board: 'a' });
    await hello(peer.url, 'dev-3', { version: '0.2.0', tag: 'testing', board: 'a' });
    await hello(peer.url, 'dev-4');
    await hello(peer.url, 'dev.5:a+b', { version: '0.1.0\u0007', tag: 'promoted', board: 'a' });
  });
  test.before.each(() => {
    proxy.faults.length = 0;
    proxy.seen.length = 0;
  });
  test.after(async () => {
    await proxy.stop();
    await peer.stop();
  });

  const server = (more: Partial<FleetServer> = {}): FleetServer => ({
    kind: 'hawkbit',
    url: proxy.url,
    user: 'admin',
    password: { env: 'PASSWORD' },
    attributes: { version: 'version', tag: 'tag', hardware: 'board' },
    tag: 'field',
    timeLimitMs: 60_000,
    ...more,
  });
  const host = { env: { PASSWORD: 'admin' }, signal: new AbortController().signal, report: (): void => undefined };

  test('devices are grouped by tag, hardware and version; what a device says wrongly is a bad row', async () => {
    const fleet = await readServerFleet(server(), host);
    assert.is(fleet.devices, 4);
    assert.equal(
      fleet.groups.map(({ tag, version, hardwareId, devices }) => [tag, version, hardwareId, devices]),
      [
        ['promoted', '0.1.0', 'a', 2],
        ['testing', '0.2.0', 'a', 1],
        ['field', undefined, undefined, 1],
      ],
    );
    assert.is(fleet.bad.count, 1);
    assert.match(fleet.bad.diagnostics[0]?.message ?? '', 'control characters in version');
  });

  test('without attributes for tag and hardware all devices follow the tag of the plan', async () => {
    const fleet = await readServerFleet(server({ attributes: { version: 'version' } }), host);
    assert.equal(fleet.tags, ['field']);
  });

  test('a server that is busy for a while is waited for', async () => {
    proxy.faults.push({ match: /attributes/, times: 2, how: { kind: 'answer', status: 503 } });
    proxy.faults.push({ match: /targets\?/, times: 1, how: { kind: 'cut', afterBytes: 0 } });
    assert.is((await readServerFleet(server(), host)).devices, 4);
  });

  test('a device that is removed meanwhile is none', async () => {
    proxy.faults.push({ match: /dev-3.attributes/, times: 1, how: { kind: 'answer', status: 404 } });
    assert.is((await readServerFleet(server(), host)).devices, 3);
  });

  test('a fleet is whole or an error', async () => {
    const cases: Array<[answer: string, code: string]> = [
      ['{"content":[],"total":7}', 'server-answer'],
      ['{"content":{},"total":0}', 'server-answer'],
      ['{"content":[]}', 'server-answer'],
      ['[]', 'server-answer'],
    ];
    for (const [body, code] of cases) {
      proxy.faults.length = 0;
      proxy.faults.push({ match: /targets\?/, times: 1, how: { kind: 'answer', status: 200, body } });
      assert.is((await failureOf(() => readServerFleet(server(), host))).code, code, body);
    }
  });

  test('devices that say the same are not asked one by one', async () => {
    const many = { version: '9.0.0', tag: 'large', board: 'a' };
    for (let index = 0; index < 70; index += 1) await hello(peer.url, `same-${index}`, many);
    // To hawkBit's filter the case of letters is one, also in the filter of a rollout.
    await hello(peer.url, 'shouting', { ...many, tag: 'LARGE' });
    await hello(peer.url, 'dotted', { ...many, version: '9.0' });
    for (let index = 0; index < 6; index += 1) await hello(peer.url, `other-${index}`, { ...many, tag: 'other' });
    const counts = async (): Promise<string[]> => {
      proxy.seen.length = 0;
      const fleet = await readServerFleet(server(), host);
      assert.is(fleet.repeated.count, 0);
      const groups = fleet.groups.filter(({ version }) => version?.startsWith('9'));
      return groups.map(({ tag, version, devices }) => `${tag.toLowerCase()} ${version}: ${devices}`).toSorted();
    };
    const asked = (): number => proxy.seen.filter(({ what }) => what.includes('/attributes')).length;
    const truth = ['large 9.0.0: 71', 'large 9.0: 1', 'other 9.0.0: 6'];
    assert.equal(await counts(), truth);
    assert.ok(asked() < 60, `${asked()} devices were asked`);
    // A server that knows no such filter, and answers with everybody, is found out by samples.
    const names = ['other-0', 'other-1', 'other-2', 'other-3', 'other-4', 'other-5', 'same-69'];
    const content = names.map((controllerId) => ({ controllerId }));
    const body = JSON.stringify({ content, total: content.length });
    proxy.faults.push({ match: /q=attribute/, times: 9, how: { kind: 'answer', status: 200, body } });
    const all = await counts();
    assert.ok(all.includes('other 9.0.0: 6'), all.join('; '));
    assert.ok(asked() > 80, `${asked()} devices were asked`);
  });

  test('the time is limited', async () => {
    proxy.faults.push({ match: /targets\?/, times: 1, how: { kind: 'slow', delayMs: 2000 } });
    const failure = await failureOf(() => readServerFleet(server({ timeLimitMs: 200 }), host));
    assert.is(failure.code, 'fleet-incomplete');
  });

  test('a wrong password is said', async () => {
    const failure = await failureOf(() => readServerFleet(server(), { ...host, env: { PASSWORD: 'x' } }));
    assert.is(failure.code, 'server-denied');
  });
}
test.run();
