import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { digestBytes } from '../../src/io/hash.ts';
import { openDestination } from '../../src/publish/kinds.ts';
import { planPublish, publishTo } from '../../src/publish/publish.ts';
import { openBucket } from '../../src/publish/s3.ts';
import { MIN_PART_BYTES, partBytesOf, uploadFile } from '../../src/io/s3/upload.ts';
import type { Bucket } from '../../src/io/s3/bucket.ts';
import type { IndexDocument } from '../../src/publish/files/index-document.ts';
import { failureOf } from '../support/failure.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { CREDENTIALS, makeBucket, startMoto, startS3rver, startVersitygw } from '../support/peers/s3.ts';
import { publishHost } from '../support/publish-host.ts';
import { releasePackage } from '../support/release-package.ts';
import { scratch } from '../support/scratch.ts';

const META = { 'content-type': 'application/octet-stream' };

/** Servers, and what they do about conditions of writes (seen with these releases). */
const PEERS = [
  { name: 's3rver 3.7.1', start: startS3rver, honoursConditions: false, listsUploads: false, checksDigests: false },
  { name: 'moto 5.2.5', start: startMoto, honoursConditions: true, listsUploads: true, checksDigests: false },
  { name: 'versitygw', start: startVersitygw, honoursConditions: true, listsUploads: true, checksDigests: true },
];

for (const { name, start, honoursConditions, listsUploads } of PEERS) {
  const peer = await start();
  const suiteOf = suite(`publish to S3, ${name}`);
  if ('skipped' in peer) {
    process.stdout.write(`${peer.skipped}\n`);
    suiteOf.skip('not reachable', () => undefined);
    suiteOf.run();
    continue;
  }
  const test = suiteOf;
  let proxy: FaultProxy;
  let bucketNumber = 0;
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

  /** A bucket of its own, reached through the proxy. */
  const place = async (env: Record<string, string> = CREDENTIALS, options: Record<string, unknown> = {}) => {
    const dir = scratch('publish-s3');
    mkdirSync(join(dir, 'archive'));
    const bucket = `bucket-${(bucketNumber += 1)}`;
    const settings = {
      name: 'cdn',
      kind: 's3',
      auto: false,
      options: { bucket, prefix: 'tolomeo', endpoint: proxy.url, ...options },
    };
    const { host, options: publishing, events, progress } = publishHost(dir, env);
    const opened = await openBucket(
      { ...settings, options: { ...settings.options, endpoint: peer.url } },
      { ...host, env: CREDENTIALS },
    );
    await makeBucket(peer.url, bucket);
    const destination = await openDestination(settings, host);
    return { dir: join(dir, 'archive'), settings, host, publishing, events, progress, bucket: opened, destination };
  };

  const indexOf = async (bucket: Bucket): Promise<IndexDocument | undefined> => {
    const found = await bucket.get('tolomeo/index.json');
    return found === undefined ? undefined : (JSON.parse(found.bytes.toString('utf8')) as IndexDocument);
  };

  test('brings packages and an index; twice is once', async () => {
    const { dir, destination, publishing, bucket } = await place();
    const packages = [
      releasePackage(dir, { version: '0.2.0+build.1', base: '0.1.0' }),
      releasePackage(dir, { version: '0.2.0+build.1', seed: 2 }),
    ];
    const first = await publishTo(destination, packages, publishing);
    assert.is(first.sent.length, 2);
    const named = (await indexOf(bucket))?.machines['board-a']?.['image-prod']?.['0.2.0+build.1'];
    for (const file of [named?.full, named?.deltas[0]]) {
      const got = await bucket.get(`tolomeo/${file?.file}`);
      assert.is(
        createHash('sha256')
          .update(got?.bytes ?? '')
          .digest('hex'),
        file?.sha256,
      );
    }
    const puts = (): number => proxy.seen.filter(({ what }) => what.startsWith('PUT')).length;
    assert.is(puts(), 3);
    const again = await publishTo(destination, packages, publishing);
    assert.is(again.present.length, 2);
    assert.is(puts(), 3);
  });

  test('an object is copied onto itself, and has its bytes and its digest still', async () => {
    const { bucket } = await place();
    const body = Buffer.from('an image');
    const { sha256 } = digestBytes(body);
    await bucket.put('a b/image', { body, sha256 }, META);
    const before = await bucket.head('a b/image');
    await sleep(1100);
    assert.is(await bucket.copyOntoItself('a b/image', sha256, META), true);
    const after = await bucket.head('a b/image');
    assert.equal([after?.sha256, after?.sizeBytes], [sha256, body.byteLength]);
    assert.equal((await bucket.get('a b/image'))?.bytes, body);
    // The others take it for nothing done: who needs the object young sends it again.
    if (name.startsWith('moto')) assert.ok((after?.modifiedAtMs ?? NaN) > (before?.modifiedAtMs ?? NaN));
    assert.is(await bucket.copyOntoItself('none', sha256, META), false);
  });

  test('sends the index after everything else', async () => {
    const { dir, destination, publishing } = await place();
    await publishTo(destination, [releasePackage(dir, { version: '0.2.0' })], publishing);
    const puts = proxy.seen.filter(({ what }) => what.startsWith('PUT')).map(({ what }) => what.split('/').at(-1));
    assert.equal(puts, ['full-update-0.2.0.swu', 'index.json']);
  });

  test('refuses other bytes under the name of a package', async () => {
    const { dir, destination, publishing, bucket } = await place();
    const one = releasePackage(dir, { version: '0.2.0' });
    await publishTo(destination, [one], publishing);
    const other = releasePackage(dir, { version: '0.2.0', seed: 9 });
    const failure = await failureOf(() => publishTo(destination, [other], publishing));
    assert.is(failure.code, 'publish-differs');
    assert.is((await bucket.head(`tolomeo/board-a/image-prod/0.2.0/${one.fileName}`))?.sha256, one.sha256);
  });

  const BROKEN: Array<[name: string, how: FaultProxy['faults'][number]['how']]> = [
    ['a cut connection', { kind: 'cut', afterBytes: 1000 }],
    ['500', { kind: 'answer', status: 500 }],
    ['503 with Retry-After', { kind: 'answer', status: 503, headers: { 'retry-after': '1' } }],
    ['a slow answer', { kind: 'slow', delayMs: 1500 }],
    ['a lost answer', { kind: 'lose-answer' }],
  ];
  for (const [what, how] of BROKEN) {
    test(`${what} is overcome`, async () => {
      const { dir, destination, publishing, bucket } = await place();
      const one = releasePackage(dir, { version: '0.2.0', sizeBytes: 200_000 });
      proxy.faults.push({ match: /^PUT .*\.swu/, times: 1, how });
      await publishTo(destination, [one], publishing);
      assert.ok((await indexOf(bucket))?.machines['board-a']);
      assert.is((await bucket.head(`tolomeo/board-a/image-prod/0.2.0/${one.fileName}`))?.sizeBytes, 200_000);
    });
  }

  test('what arrives otherwise is removed, no index names it, and the next run brings it', async () => {
    const { dir, destination, publishing, bucket } = await place();
    const one = releasePackage(dir, { version: '0.2.0', sizeBytes: 200_000 });
    proxy.faults.push({ match: /^PUT .*\.swu/, times: 9, how: { kind: 'flip', atByte: 100_000 } });
    const failure = await failureOf(() => publishTo(destination, [one], publishing));
    assert.is(failure.exitCode, 5, `${failure.code}: ${failure.message}`);
    assert.is(await bucket.head(`tolomeo/board-a/image-prod/0.2.0/${one.fileName}`), undefined);
    assert.is(await indexOf(bucket), undefined);
    proxy.faults.length = 0;
    assert.is((await publishTo(destination, [one], publishing)).sent.length, 1);
  });

  test('credentials that expired in the middle: exit 5, no index, and again goes on', async () => {
    const { dir, destination, publishing, bucket } = await place();
    const packages = [releasePackage(dir, { version: '0.1.0' }), releasePackage(dir, { version: '0.2.0' })];
    const body = '<Error><Code>ExpiredToken</Code><Message>The provided token has expired.</Message></Error>';
    proxy.faults.push({ match: /^PUT .*0\.2\.0\.swu/, times: 1, how: { kind: 'answer', status: 403, body } });
    const failure = await failureOf(() => publishTo(destination, packages, publishing));
    assert.is(failure.code, 'server-denied');
    assert.is(failure.exitCode, 5);
    assert.match(failure.message, 'ExpiredToken');
    assert.not(JSON.stringify(failure.message).includes(CREDENTIALS.AWS_SECRET_ACCESS_KEY));
    assert.is(await indexOf(bucket), undefined);
    const again = await publishTo(destination, packages, publishing);
    assert.equal([again.present.length, again.sent.length], [1, 1]);
  });

  test('an upload in parts goes on where it was cut', async () => {
    const { dir, bucket: direct, settings, host } = await place();
    const bucket = await openBucket(settings, { ...host, env: CREDENTIALS });
    const one = releasePackage(dir, { version: '0.2.0', sizeBytes: MIN_PART_BYTES * 2 + 1234 });
    const upload = async (): Promise<number> => {
      let bytes = 0;
      const onBytes = (count: number): void => void (bytes += count);
      await uploadFile(bucket, 'big.swu', one, {
        meta: META,
        onBytes,
        partBytes: MIN_PART_BYTES,
        damaged: 'publish-damaged',
      });
      return bytes;
    };
    proxy.faults.push({ match: /^PUT .*partNumber=3/, times: 1, how: { kind: 'answer', status: 403 } });
    assert.is((await failureOf(upload)).code, 'server-denied');
    assert.is(await direct.head('big.swu'), undefined);
    proxy.seen.length = 0;
    await upload();
    const parts = proxy.seen.filter(({ what }) => what.includes('partNumber=')).map(({ what }) => what);
    assert.is(parts.length, listsUploads ? 1 : 3);
    assert.is((await direct.head('big.swu'))?.sha256, one.sha256);
    assert.is(await direct.digest('big.swu'), one.sha256);
    assert.equal(await direct.unfinished('big.swu'), []);
  });

  test('an unfinished upload of other bytes is given up', async () => {
    const { dir, bucket } = await place();
    const one = releasePackage(dir, { version: '0.2.0', sizeBytes: MIN_PART_BYTES + 10 });
    const stale = await bucket.beginUpload('big.swu', 'f'.repeat(64), META);
    const body = Buffer.alloc(MIN_PART_BYTES);
    const sha256 = createHash('sha256').update(body).digest('hex');
    await bucket.putPart('big.swu', stale, 1, { body, sha256 }, () => undefined);
    await uploadFile(bucket, 'big.swu', one, {
      meta: META,
      onBytes: () => undefined,
      partBytes: MIN_PART_BYTES,
      damaged: 'publish-damaged',
    });
    assert.is((await bucket.head('big.swu'))?.sha256, one.sha256);
    assert.equal(await bucket.unfinished('big.swu'), []);
  });

  test(`conditions of writes are ${honoursConditions ? 'honoured' : 'ignored'}`, async () => {
    const { bucket } = await place();
    const body = Buffer.from('first');
    const sha256 = createHash('sha256').update(body).digest('hex');
    assert.is(await bucket.putIf('index.json', { body, sha256 }, META, undefined), true);
    assert.is(await bucket.putIf('index.json', { body, sha256 }, META, undefined), !honoursConditions);
    assert.is(await bucket.putIf('index.json', { body, sha256 }, META, '0'.repeat(32)), !honoursConditions);
    assert.is(await bucket.putIf('index.json', { body, sha256 }, META, (await bucket.get('index.json'))?.etag), true);
  });

  test('an index that others keep writing is given up after some tries', async () => {
    const { dir, destination, publishing } = await place();
    proxy.faults.push({ match: /^PUT .*index\.json/, times: 99, how: { kind: 'answer', status: 412 } });
    const failure = await failureOf(() => publishTo(destination, [releasePackage(dir, { version: '1' })], publishing));
    assert.is(failure.code, 'publish-contended');
    assert.is(failure.exitCode, 5);
  });

  test('a server without conditional writes is written without', async () => {
    const { dir, destination, publishing, bucket } = await place();
    proxy.faults.push({ match: /^PUT .*index\.json/, times: 1, how: { kind: 'answer', status: 501 } });
    await publishTo(destination, [releasePackage(dir, { version: '1' })], publishing);
    assert.ok((await indexOf(bucket))?.machines['board-a']);
  });

  test('credentials come from the environment, or a private file in the form of the AWS tools', async () => {
    const nobody = await failureOf(() => place({}));
    assert.is(nobody.code, 'secret-missing');
    const file = join(scratch('s3-credentials'), 'credentials');
    writeFileSync(file, '[other]\naws_access_key_id = X\n\n[default]\naws_access_key_id = S3RVER\n');
    chmodSync(file, 0o600);
    assert.is((await failureOf(() => place({}, { credentials_file: file }))).code, 'secret-missing');
    writeFileSync(file, '[default]\naws_access_key_id=S3RVER\naws_secret_access_key = S3RVER\n');
    const { dir, destination } = await place({}, { credentials_file: file });
    const { items } = await planPublish(destination, [releasePackage(dir, { version: '1' })]);
    assert.is(items[0]?.presence.state, 'missing');
    chmodSync(file, 0o644);
    assert.is((await failureOf(() => place({}, { credentials_file: file }))).code, 'secret-exposed');
  });

  test.run();
}

const rules = suite('S3 parts');
rules('are as many as S3 takes, and of a size that it takes', () => {
  for (const sizeBytes of [0, 1, 16 * 2 ** 20, 5 * 2 ** 40]) {
    const partBytes = partBytesOf(sizeBytes);
    assert.ok(Math.ceil(sizeBytes / partBytes) <= 10_000);
    assert.ok(partBytes >= MIN_PART_BYTES && partBytes <= 5 * 2 ** 30);
  }
});
rules.run();
