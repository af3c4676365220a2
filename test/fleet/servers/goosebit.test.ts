import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readServerFleet } from '../../../src/fleet/servers/open.ts';
import type { FleetServer } from '../../../src/core/plan.ts';
import { failureOf } from '../../support/failure.ts';
import { GOOSEBIT_USER, startGoosebit } from '../../support/peers/goosebit.ts';
import { hello } from '../../support/ddi-device.ts';

const server = (url: string): FleetServer => ({
  kind: 'goosebit',
  url,
  user: GOOSEBIT_USER.user,
  password: { env: 'PASSWORD' },
  attributes: { version: 'version' },
  tag: 'field',
  timeLimitMs: 60_000,
});
const host = {
  env: { PASSWORD: GOOSEBIT_USER.password },
  signal: new AbortController().signal,
  report: (): void => undefined,
};

const peer = await startGoosebit();
const real = suite('fleet of gooseBit');
if ('skipped' in peer) {
  process.stdout.write(`${peer.skipped}\n`);
  real.skip('not reachable', () => undefined);
} else {
  real.after(async () => await peer.stop());
  real('devices are grouped by feed, model and version', async () => {
    await hello(peer.url, 'dev-1', { sw_version: '0.1.0', hw_boardname: 'board-a', hw_revision: '1.0' });
    await hello(peer.url, 'dev-2', { sw_version: '0.1.0', hw_boardname: 'board-a', hw_revision: '1.0' });
    await hello(peer.url, 'dev-3');
    const fleet = await readServerFleet(server(peer.url), host);
    assert.equal(
      fleet.groups.map(({ tag, version, hardwareId, devices }) => [tag, version, hardwareId, devices]),
      [
        ['default', '0.1.0', 'board-a', 2],
        ['default', undefined, undefined, 1],
      ],
    );
  });
}
real.run();

const large = suite('fleet of gooseBit, large or broken');

/** Answers like gooseBit, with any list of devices. */
async function standIn(write: (answer: NodeJS.WritableStream & { destroy(): void }) => Promise<void>) {
  const listener = createServer((request, answer) => {
    if (request.url === '/login') answer.end('{"access_token":"t"}');
    else void write(answer);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(listener.address() as AddressInfo).port}`;
  return { url, stop: (): void => void (listener.closeAllConnections(), listener.close()) };
}

large('a hundred thousand devices are read without being kept', async () => {
  const devices = 100_000;
  const { url, stop } = await standIn(async (answer) => {
    answer.write('{"devices":[');
    for (let at = 0; at < devices; at += 1000) {
      const rows = Array.from({ length: 1000 }, (_, index) => {
        const hardware = { id: 1, model: 'board-a', revision: '1.0' };
        return JSON.stringify({ id: `dev-${at + index}`, sw_version: `0.${at % 7}.0`, feed: 'default', hardware });
      });
      const isFull = !answer.write(`${at === 0 ? '' : ','}${rows.join(',')}`);
      if (isFull) await new Promise<void>((resolve) => answer.once('drain', () => resolve()));
    }
    answer.end(']}');
  });
  const fleet = await readServerFleet(server(url), host);
  stop();
  assert.is(fleet.devices, devices);
  assert.is(fleet.groups.length, 7);
});

large('rows that are no devices are bad rows', async () => {
  const { url, stop } = await standIn(async (answer) => {
    answer.end('{"devices":[{"id":"a","sw_version":"1"},7,{"id":3},{"sw_version":"1"},{"id":"b","sw_version":{}}]}');
  });
  const fleet = await readServerFleet(server(url), host);
  stop();
  assert.equal([fleet.devices, fleet.bad.count], [1, 4]);
});

large('a list that breaks off is an error, and never a smaller fleet', async () => {
  for (const text of ['{"devices":[{"id":"a"}', '{"devices":[{"id":"a"},<', 'nonsense']) {
    const { url, stop } = await standIn(async (answer) => void answer.end(text));
    const failure = await failureOf(() => readServerFleet(server(url), host));
    stop();
    assert.is(failure.code, 'server-answer');
  }
  const { url, stop } = await standIn(async (answer) => {
    answer.write('{"devices":[{"id":"a"},');
    setTimeout(() => answer.destroy(), 50);
  });
  const failure = await failureOf(() => readServerFleet(server(url), host));
  stop();
  assert.is(failure.code, 'server-unreachable');
});

large.run();
