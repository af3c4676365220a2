import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hawkbitClient } from '../../src/publish/hawkbit.ts';
import { openDestination } from '../../src/publish/kinds.ts';
import { planPublish, publishTo } from '../../src/publish/publish.ts';
import { seriesOf } from '../../src/publish/package.ts';
import { HAWKBIT_API, hawkbitNamed } from '../../src/fleet/servers/hawkbit-api.ts';
import { failureOf } from '../support/failure.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { startHawkbit } from '../support/peers/hawkbit.ts';
import { publishHost } from '../support/publish-host.ts';
import { releasePackage } from '../support/release-package.ts';
import { scratch } from '../support/scratch.ts';

const ENV = { HAWKBIT_PASSWORD: 'admin' };
const peer = await startHawkbit();
const test = suite('publish to hawkBit');

if ('skipped' in peer) {
  process.stdout.write(`${peer.skipped}\n`);
  test.skip('not reachable', () => undefined);
} else {
  let proxy: FaultProxy;
  test.before(async () => {
    proxy = await startFaultProxy(peer.url);
  });
  test.before.each(() => {
    proxy.faults.length = 0;
    proxy.seen.length = 0;
  });
  test.after(async () => {
    await proxy.stop();
    await peer.stop();
  });
  let products = 0;

  /** A product of its own: the server is shared by these tests. */
  const place = async (env: Record<string, string> = ENV) => {
    const dir = scratch('publish-hawkbit');
    mkdirSync(join(dir, 'archive'));
    const product = `product${(products += 1)}`;
    const options = { url: proxy.url, user: 'admin', password_env: 'HAWKBIT_PASSWORD' };
    const settings = { name: 'field', kind: 'hawkbit', auto: false, options };
    const { host, options: publishing, events } = publishHost(dir, env);
    const direct = await hawkbitClient({ ...settings, options: { ...options, url: peer.url } }, { ...host, env: ENV });
    const destination = await openDestination(settings, host);
    const wish = (one: Parameters<typeof releasePackage>[1]) => ({
      ...releasePackage(join(dir, 'archive'), one),
      product,
    });
    return { destination, publishing, direct, wish, events };
  };
  const posts = (): string[] => proxy.seen.filter(({ what }) => what.startsWith('POST')).map(({ what }) => what);

  test('makes a module, its artifact and a set for each package; twice is once', async () => {
    const { destination, publishing, direct, wish } = await place();
    const packages = [wish({ version: '0.2.0', base: '0.1.0' }), wish({ version: '0.2.0', seed: 2 })];
    const result = await publishTo(destination, packages, publishing);
    assert.is(result.sent.length, 2);
    for (const one of packages) {
      const module = await hawkbitNamed(direct, '/softwaremodules', seriesOf(one), '0.2.0');
      const set = await hawkbitNamed(direct, '/distributionsets', seriesOf(one), '0.2.0');
      assert.is(set?.complete, true);
      const artifacts = await direct.json({
        method: 'GET',
        path: `${HAWKBIT_API}/softwaremodules/${String(module?.id)}/artifacts`,
      });
      const [artifact] = artifacts as Array<{ providedFilename: string; size: number; hashes: { sha256: string } }>;
      assert.is(artifact?.providedFilename, one.fileName);
      assert.is(artifact?.hashes.sha256, one.sha256);
      assert.is(artifact?.size, one.sizeBytes);
    }
    proxy.seen.length = 0;
    assert.is((await publishTo(destination, packages, publishing)).present.length, 2);
    assert.equal(posts(), []);
  });

  test('refuses a module that has other bytes, and one that has more than the package', async () => {
    const { destination, publishing, direct, wish } = await place();
    const one = wish({ version: '0.2.0' });
    await publishTo(destination, [one], publishing);
    const other = await failureOf(() => publishTo(destination, [wish({ version: '0.2.0', seed: 7 })], publishing));
    assert.is(other.code, 'publish-differs');
    assert.is(other.exitCode, 4);
    const again = wish({ version: '0.3.0' });
    await publishTo(destination, [again], publishing);
    const module = await hawkbitNamed(direct, '/softwaremodules', seriesOf(again), '0.3.0');
    const form = new FormData();
    form.append('file', new Blob(['x']), 'stranger.swu');
    const answer = await fetch(`${peer.url}${HAWKBIT_API}/softwaremodules/${String(module?.id)}/artifacts`, {
      method: 'POST',
      body: form,
      headers: { authorization: `Basic ${Buffer.from('admin:admin').toString('base64')}` },
    });
    // A module whose set was never assigned takes more artifacts.
    assert.is(answer.status, 201);
    const more = await failureOf(() => publishTo(destination, [again], publishing));
    assert.is(more.code, 'publish-differs');
    assert.match(more.message, 'has 2 artifacts');
  });

  const BROKEN: Array<[name: string, match: RegExp, how: FaultProxy['faults'][number]['how']]> = [
    ['a cut upload', /^POST .*artifacts/, { kind: 'cut', afterBytes: 50_000 }],
    ['an upload whose answer is lost', /^POST .*artifacts/, { kind: 'lose-answer' }],
    ['a module whose answer is lost', /^POST .*softwaremodules$/, { kind: 'lose-answer' }],
    ['a set whose answer is lost', /^POST .*distributionsets$/, { kind: 'lose-answer' }],
    ['503', /^POST .*distributionsets$/, { kind: 'answer', status: 503, headers: { 'retry-after': '1' } }],
  ];
  for (const [what, match, how] of BROKEN) {
    test(`${what} is overcome, and nothing is there twice`, async () => {
      const { destination, publishing, wish } = await place();
      const one = wish({ version: '0.2.0', sizeBytes: 300_000 });
      proxy.faults.push({ match, times: 1, how });
      await publishTo(destination, [one], publishing);
      const { items } = await planPublish(destination, [one]);
      assert.is(items[0]?.presence.state, 'present');
    });
  }

  test('an upload that arrives otherwise is refused by the server; no set offers it, and again goes on', async () => {
    const { destination, publishing, direct, wish } = await place();
    const one = wish({ version: '0.2.0', sizeBytes: 300_000 });
    proxy.faults.push({ match: /^POST .*artifacts/, times: 9, how: { kind: 'flip', atByte: 150_000 } });
    const failure = await failureOf(() => publishTo(destination, [one], publishing));
    assert.is(failure.exitCode, 5, `${failure.code}: ${failure.message}`);
    assert.is(await hawkbitNamed(direct, '/distributionsets', seriesOf(one), '0.2.0'), undefined);
    const { items } = await planPublish(destination, [one]);
    assert.is(items[0]?.presence.state, 'partial');
    proxy.faults.length = 0;
    assert.is((await publishTo(destination, [one], publishing)).sent.length, 1);
  });

  test('a wrong password is said, and not shown', async () => {
    const { destination, publishing, wish, events } = await place({ HAWKBIT_PASSWORD: 'hunter2hunter2' });
    const failure = await failureOf(() => publishTo(destination, [wish({ version: '0.2.0' })], publishing));
    assert.is(failure.code, 'server-denied');
    assert.not(`${failure.message}${JSON.stringify(events)}`.includes('hunter2'));
    assert.is((await failureOf(() => place({}))).code, 'secret-missing');
  });

  test('a name that is too long for the server is refused before anything is sent', async () => {
    const { destination, publishing, wish } = await place();
    const one = { ...wish({ version: '0.2.0' }), image: 'i'.repeat(120) };
    assert.is((await failureOf(() => publishTo(destination, [one], publishing))).code, 'publish-refused');
    assert.equal(posts(), []);
  });
}
test.run();
