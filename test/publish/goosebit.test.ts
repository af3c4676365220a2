import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { digestBytes } from '../../src/io/hash.ts';
import { run, runForBytes } from '../../src/io/process.ts';
import { openDestination } from '../../src/publish/kinds.ts';
import type { ReleasePackage } from '../../src/publish/package.ts';
import { planPublish, publishTo } from '../../src/publish/publish.ts';
import { failureOf } from '../support/failure.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { GOOSEBIT_USER, startGoosebit } from '../support/peers/goosebit.ts';
import { publishHost } from '../support/publish-host.ts';
import { releasePackage } from '../support/release-package.ts';
import { scratch } from '../support/scratch.ts';

const peer = await startGoosebit();
const test = suite('publish to gooseBit');

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

  const place = async (password: string = GOOSEBIT_USER.password) => {
    const dir = scratch('publish-goosebit');
    const { host, options: publishing } = publishHost(dir, { GOOSEBIT_PASSWORD: password });
    const options = { url: proxy.url, user: GOOSEBIT_USER.user, password_env: 'GOOSEBIT_PASSWORD' };
    const destination = await openDestination({ name: 'lab', kind: 'goosebit', auto: false, options }, host);
    return { dir, publishing, destination };
  };

  test('brings the full package of a version; twice is once, and a delta is left with the reason', async () => {
    const { dir, publishing, destination } = await place();
    const packages = [await fullPackage(dir, '0.2.0', '1.0'), releasePackage(dir, { version: '0.2.0', base: '0.1.0' })];
    const result = await publishTo(destination, packages, publishing);
    assert.is(result.sent.length, 1);
    assert.match(result.left[0]?.reason ?? '', 'one package for a version and a hardware');
    proxy.seen.length = 0;
    assert.is((await publishTo(destination, packages, publishing)).present.length, 1);
    assert.not(proxy.seen.some(({ what }) => what.startsWith('PUT')));
  });

  test('refuses to replace the package of a version', async () => {
    const { dir, publishing, destination } = await place();
    await publishTo(destination, [await fullPackage(dir, '0.3.0', '1.0')], publishing);
    const other = await fullPackage(dir, '0.3.0', '1.0', 'another description');
    const failure = await failureOf(() => publishTo(destination, [other], publishing));
    assert.is(failure.code, 'publish-differs');
    assert.is((await failureOf(() => destination.send(other, () => undefined))).code, 'publish-differs');
  });

  test('a lost answer and a cut upload are overcome', async () => {
    const { dir, publishing, destination } = await place();
    const one = await fullPackage(dir, '0.4.0', '1.0');
    proxy.faults.push({ match: /^PUT /, times: 1, how: { kind: 'cut', afterBytes: 10 } });
    proxy.faults.push({ match: /^PUT /, times: 1, how: { kind: 'lose-answer' } });
    await publishTo(destination, [one], publishing);
    assert.is((await planPublish(destination, [one])).items[0]?.presence.state, 'present');
  });

  test('what it cannot read is refused with what may be the reason', async () => {
    const { dir, publishing, destination } = await place();
    const failure = await failureOf(() => publishTo(destination, [releasePackage(dir, { version: '9' })], publishing));
    assert.is(failure.code, 'publish-refused');
    assert.match(failure.hint ?? '', 'encrypted');
  });

  test('a wrong password is said', async () => {
    const { dir, publishing, destination } = await place('wrong');
    const failure = await failureOf(() => publishTo(destination, [releasePackage(dir, { version: '9' })], publishing));
    assert.is(failure.code, 'server-denied');
  });
}
test.run();

/** A package that gooseBit can read: a sw-description in a cpio archive. */
async function fullPackage(dir: string, version: string, revision: string, about = 'x'): Promise<ReleasePackage> {
  const text = `software = { version = "${version}"; description = "${about}"; hardware-compatibility: ["${revision}"]; }`;
  writeFileSync(join(dir, 'sw-description'), text);
  const bytes = await runForBytes('sh', ['-c', 'echo sw-description | cpio -o -H crc --quiet'], { cwd: dir });
  const fileName = `full-update-${version}.swu`;
  const path = join(dir, fileName);
  writeFileSync(path, bytes);
  await run('test', ['-s', path]);
  return {
    ...releasePackage(dir, { version: '0' }),
    version,
    fileName,
    path,
    hardware: [revision],
    ...digestBytes(bytes),
  };
}
