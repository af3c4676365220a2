/** `archive push` and `archive pull` against an S3 server, with a proxy between that breaks what it is told to. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { registerArchive } from '../../src/commands/archive/index.ts';
import { registerVerify } from '../../src/commands/verify.ts';
import { openBucketAt } from '../../src/io/s3/open.ts';
import type { Bucket } from '../../src/io/s3/bucket.ts';
import { allOf } from '../../src/io/several.ts';
import { sealJson } from '../../src/text/json.ts';
import { handMade, type HandMade } from '../support/archive.ts';
import { runCommand, type CommandRun } from '../support/command.ts';
import { startFaultProxy, type FaultProxy } from '../support/fault-proxy.ts';
import { noise } from '../support/noise.ts';
import { CREDENTIALS, makeBucket, startS3rver, startVersitygw } from '../support/peers/s3.ts';
import { filesBelow } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';

Object.assign(process.env, CREDENTIALS);
const IMAGE_BYTES = 300_000;

interface Document {
  store: string;
  subjects: Array<{ subject: string; state: string }>;
  documents: string[];
  bytes: number;
}

const codeOf = ({ failure }: CommandRun): string => (failure as { code?: string } | undefined)?.code ?? 'none';
const exitOf = ({ failure, exitCode }: CommandRun): number | undefined =>
  (failure as { exitCode?: number } | undefined)?.exitCode ?? exitCode;
const wordsOf = ({ failure }: CommandRun): string => (failure as Error | undefined)?.message ?? '';
const documentOf = (run: CommandRun): Document => {
  assert.is(run.failure, undefined, wordsOf(run));
  return JSON.parse(run.stdout) as Document;
};
const moved = (run: CommandRun): string[] =>
  documentOf(run).subjects.flatMap(({ subject, state }) => (state === 'moved' ? [subject] : []));

const run = async (direction: 'push' | 'pull', { dir }: HandMade, ...flags: string[]): Promise<CommandRun> =>
  await runCommand(registerArchive, ['archive', direction, 'plan.yml', '--json', ...flags], { cwd: dir });
const push = async (here: HandMade, ...flags: string[]): Promise<CommandRun> => await run('push', here, ...flags);
const pull = async (here: HandMade, ...flags: string[]): Promise<CommandRun> => await run('pull', here, ...flags);

/** An image that takes several writes on its way. */
function archive(here: HandMade, version: string, archivedAt = '2026-01-01T00:00:00.000Z'): void {
  const image = Buffer.from(noise(IMAGE_BYTES, Number(version.replaceAll('.', ''))));
  const sha256 = createHash('sha256').update(image).digest('hex');
  here.archive(version, {
    archivedAt,
    files: [{ path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', sizeBytes: image.byteLength, sha256 }],
  });
  writeFileSync(join(here.version(version), 'rootfs.squashfs'), image);
}

/** What is in the archive under final names, by content. */
const contents = ({ dir }: HandMade): Record<string, string> =>
  Object.fromEntries(
    filesBelow(join(dir, 'artifacts'))
      .filter((name) => !/(^|\/)\.release-plan|state\.json$/.test(name))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(dir, 'artifacts', name)))
          .digest('hex'),
      ]),
  );

/** Every test runs against s3rver; against others those in which the server has a part of its own. */
const PEERS = [
  ['s3rver', startS3rver],
  ['versitygw', startVersitygw],
] as const;

for (const [name, start] of PEERS) {
  const peer = await start();
  const test = suite(`archive push and pull, ${name}`);
  if ('skipped' in peer) {
    process.stdout.write(`${peer.skipped}\n`);
    test.skip('not reachable', () => undefined);
    test.run();
    continue;
  }
  const own = name === 's3rver' ? test : (title: string) => test.skip(title, () => undefined);
  let proxy: FaultProxy;
  let buckets = 0;
  test.before(async () => void (proxy = await startFaultProxy(peer.url)));
  test.before.each(() => {
    proxy.faults.length = 0;
    proxy.seen.length = 0;
  });
  test.after(async () => {
    await proxy.stop();
    await peer.stop();
  });
  const puts = (): string[] => proxy.seen.flatMap(({ what }) => (what.startsWith('PUT') ? [what.slice(4)] : []));

  /** Hosts with one store and a folder each; the first has two versions and an update. */
  const hosts = async (): Promise<{ a: HandMade; b: HandMade; bucket: Bucket }> => {
    const bucket = `store-${(buckets += 1)}`;
    await makeBucket(peer.url, bucket);
    const artifacts = { path: 'artifacts', store: `s3://${bucket}/demo`, endpoint: proxy.url };
    const [a, b] = [handMade(scratch('push')), handMade(scratch('pull'))];
    for (const one of [a, b]) one.write({ artifacts });
    for (const version of ['0.1.0', '0.3.0']) archive(a, version);
    a.archiveUpdate('0.1.0', '0.3.0');
    const host = { env: CREDENTIALS, signal: new AbortController().signal, report: () => undefined };
    return { a, b, bucket: await openBucketAt({ what: 'test', bucket, endpoint: peer.url }, host) };
  };
  const refs = async (bucket: Bucket): Promise<string[]> =>
    (await allOf(bucket.list('demo/refs/'))).map(({ key }) => key.slice('demo/refs/board/image/'.length)).toSorted();
  const ALL = ['0.1.0/version.json', '0.3.0/from_0.1.0.json', '0.3.0/version.json'];
  const imageOf = (bucket: Bucket) => bucket.list('demo/objects/');

  test('an archive comes back as it was; twice is once', async () => {
    const { a, b, bucket } = await hosts();
    writeFileSync(join(a.version('0.1.0'), 'manifest.json.sig'), 'signature');
    writeFileSync(join(a.dir, 'artifacts/targets.json'), '{"signed":{}}');
    const first = documentOf(await push(a));
    assert.equal(
      first.subjects.map(({ subject, state }) => `${state} ${subject}`),
      ['moved 0.1.0', 'moved 0.3.0', 'moved 0.1.0 -> 0.3.0'],
    );
    assert.equal(first.documents, ['targets.json']);
    assert.equal(await refs(bucket), ALL);
    proxy.seen.length = 0;
    assert.equal(moved(await push(a)), []);
    // Whether conditions hold is not even asked.
    assert.equal(puts(), []);
    assert.equal(moved(await pull(b)), ['0.1.0', '0.3.0', '0.1.0 -> 0.3.0']);
    assert.equal(contents(b), contents(a));
    proxy.seen.length = 0;
    assert.equal(moved(await pull(b)), []);
    assert.equal(
      proxy.seen.filter(({ what }) => what.includes('/objects/')),
      [],
    );
    assert.equal(moved(await push(b)), []);
  });

  own('names are given when all that they name is there', async () => {
    const { a } = await hosts();
    await push(a);
    const seen = puts().filter((what) => !what.includes('/claims/'));
    const at = (part: string): number[] => seen.flatMap((what, index) => (what.includes(part) ? [index] : []));
    const [version = 0] = at('/refs/board/image/0.1.0/version.json');
    const objects = at('/objects/');
    assert.ok(objects.filter((index) => index < version).length >= 2, seen.join('\n'));
    const [update = 0] = at('from_0.1.0.json');
    assert.ok(
      objects.every((index) => index < update),
      seen.join('\n'),
    );
    assert.ok(
      at('0.3.0/version.json').every((index) => index < update),
      seen.join('\n'),
    );
  });

  test('other bytes under the name of a version are refused before anything is sent', async () => {
    const { a, b, bucket } = await hosts();
    await push(a);
    await pull(b, '--versions', '0.1.0');
    archive(b, '0.3.0', '2026-02-02T00:00:00.000Z');
    proxy.seen.length = 0;
    const refused = await push(b);
    assert.is(codeOf(refused), 'store-differs');
    assert.is(exitOf(refused), 4);
    assert.match(wordsOf(refused), 'refs/board/image/0.3.0/version.json');
    assert.equal(puts(), []);
    assert.is(codeOf(await pull(b)), 'store-differs');
    assert.equal(await refs(bucket), ALL);
  });

  test('an update that was made anew takes the place of the one before, and of no other', async () => {
    const { a, b } = await hosts();
    await push(a);
    await pull(b);
    const anew = (host: HandMade, recipe: string): void => host.archiveUpdate('0.1.0', '0.3.0', { recipe });
    anew(a, 'made-anew');
    assert.equal(moved(await push(a)), ['0.1.0 -> 0.3.0']);
    assert.equal(moved(await pull(b)), ['0.1.0 -> 0.3.0']);
    assert.equal(contents(b), contents(a));
    anew(a, 'on-one-host');
    anew(b, 'on-the-other');
    assert.equal(moved(await push(a)), ['0.1.0 -> 0.3.0']);
    assert.is(codeOf(await push(b)), 'store-differs');
    assert.is(codeOf(await pull(b)), 'store-differs');
  });

  for (const status of [403, 507])
    test(`a push that is answered with ${status} ends with 5, and the next one goes on`, async () => {
      const { a, b, bucket } = await hosts();
      proxy.faults.push({ match: /^PUT .*refs\/.*0\.3\.0\/version/, times: 9, how: { kind: 'answer', status } });
      const failed = await push(a);
      assert.is(exitOf(failed), 5, wordsOf(failed));
      assert.equal(await refs(bucket), ['0.1.0/version.json']);
      proxy.faults.length = 0;
      proxy.seen.length = 0;
      assert.equal(moved(await push(a)), ['0.3.0', '0.1.0 -> 0.3.0']);
      // The image was there; what the update has of its own was not.
      assert.is(proxy.seen.filter(({ what, bytes }) => what.startsWith('PUT') && bytes >= IMAGE_BYTES).length, 0);
      await pull(b);
      assert.equal(contents(b), contents(a));
    });

  test('a store that answers 503, cuts connections or loses answers is overcome', async () => {
    const { a, b } = await hosts();
    proxy.faults.push(
      { match: /^PUT .*objects/, times: 2, how: { kind: 'answer', status: 503 } },
      { match: /^PUT .*objects/, times: 1, how: { kind: 'cut', afterBytes: 10 } },
      { match: /^PUT .*refs/, times: 1, how: { kind: 'lose-answer' } },
      { match: /^GET .*list-type/, times: 1, how: { kind: 'answer', status: 500 } },
    );
    assert.is(moved(await push(a)).length, 3);
    await pull(b);
    assert.equal(contents(b), contents(a));
  });

  test('what arrives in the store otherwise gets no name', async () => {
    const { a, bucket } = await hosts();
    proxy.faults.push({ match: /^PUT .*objects/, times: 99, how: { kind: 'flip', atByte: 3 } });
    const failed = await push(a);
    assert.is(exitOf(failed), 5, wordsOf(failed));
    assert.equal(await refs(bucket), []);
  });

  test('a pull goes on in the middle of a file', async () => {
    const { a, b } = await hosts();
    await push(a);
    proxy.seen.length = 0;
    proxy.faults.push({ match: /^GET .*objects/, times: 1, how: { kind: 'answer', status: 404 } });
    assert.is(codeOf(await pull(b)), 'store-damaged');
    assert.not(existsSync(b.version('0.1.0')));
    // The manifest comes; a part of the image does, and then the server refuses.
    proxy.faults.push(
      { match: /^GET .*objects/, times: 1, how: { kind: 'slow', delayMs: 1 } },
      { match: /^GET .*objects/, times: 1, how: { kind: 'cut-answer', afterBytes: 100_000 } },
      { match: /^GET .*objects/, times: 1, how: { kind: 'answer', status: 403 } },
    );
    assert.is(codeOf(await pull(b)), 'server-denied');
    assert.not(existsSync(b.version('0.1.0')));
    proxy.seen.length = 0;
    await pull(b);
    const ranges = proxy.seen.flatMap(({ headers }) => headers.range ?? []);
    assert.ok(
      ranges.some((range) => /^bytes=[1-9]\d*-$/.test(range)),
      `ranges: ${ranges.join()}`,
    );
    assert.equal(contents(b), contents(a));
  });

  own('an object that is another is refused, and nothing of it is used', async () => {
    const { a, b, bucket } = await hosts();
    await push(a);
    for await (const { key, sizeBytes } of imageOf(bucket)) {
      if (sizeBytes !== IMAGE_BYTES) continue;
      const body = Buffer.alloc(IMAGE_BYTES, 7);
      await bucket.put(key, { body, sha256: createHash('sha256').update(body).digest('hex') }, {});
    }
    const failed = await pull(b);
    assert.is(codeOf(failed), 'store-damaged');
    assert.is(exitOf(failed), 5);
    assert.not(existsSync(b.version('0.1.0')));
  });

  own('a ref or a manifest that is altered or of another version is refused', async () => {
    const { a, b, bucket } = await hosts();
    await push(a);
    const ref = 'demo/refs/board/image/0.1.0/version.json';
    const put = async (body: Buffer): Promise<void> =>
      void (await bucket.put(ref, { body, sha256: createHash('sha256').update(body).digest('hex') }, {}));
    await put((await bucket.get('demo/refs/board/image/0.3.0/version.json'))?.bytes ?? Buffer.alloc(0));
    assert.match(wordsOf(await pull(b)), 'is the manifest of another');
    await put(Buffer.from(sealJson({ schema: 1, manifest: { sizeBytes: 1, sha256: '../../x' } })));
    assert.is(codeOf(await pull(b)), 'store-damaged');
    await put(Buffer.from('{'));
    assert.is(codeOf(await pull(b)), 'store-damaged');
    assert.not(existsSync(b.version('0.1.0')));
  });

  own('files that are missing or damaged here are brought again', async () => {
    const { a, b } = await hosts();
    await push(a);
    await pull(b);
    rmSync(join(b.version('0.1.0'), 'rootfs.squashfs'));
    writeFileSync(join(b.version('0.3.0'), 'rootfs.squashfs'), 'damaged');
    proxy.seen.length = 0;
    assert.equal(moved(await pull(b)), ['0.1.0', '0.3.0']);
    assert.equal(contents(b), contents(a));
  });

  own('verify --repair brings what is missing or damaged here', async () => {
    const { a, b } = await hosts();
    await push(a);
    await pull(b);
    rmSync(join(b.version('0.1.0'), 'rootfs.squashfs'));
    writeFileSync(join(b.update('0.1.0', '0.3.0'), 'x.swu'), 'www');
    const ran = await runCommand(registerVerify, ['verify', 'plan.yml', '--repair', '--json'], { cwd: b.dir });
    assert.is(ran.failure, undefined, wordsOf(ran));
    const { repairs } = JSON.parse(ran.stdout) as { repairs: Array<{ what: string; detail: string }> };
    assert.equal(
      repairs.flatMap(({ what, detail }) => (detail.startsWith('brought from s3://') ? [what] : [])),
      ['0.1.0', '0.1.0 -> 0.3.0'],
    );
    assert.is(readFileSync(join(b.update('0.1.0', '0.3.0'), 'x.swu'), 'utf8'), 'swu');
    assert.equal(contents(b), contents(a));
  });

  own('a version that is damaged here is not sent', async () => {
    const { a, bucket } = await hosts();
    writeFileSync(join(a.version('0.3.0'), 'rootfs.squashfs'), noise(IMAGE_BYTES, 99));
    const failed = await push(a);
    assert.is(codeOf(failed), 'archive-damaged');
    assert.equal(await refs(bucket), ['0.1.0/version.json']);
  });

  own('a signature that was added since is added in the store', async () => {
    const { a, b } = await hosts();
    await push(a);
    await pull(b);
    writeFileSync(join(a.version('0.1.0'), 'manifest.json.sig'), 'signature');
    assert.equal(moved(await push(a)), ['0.1.0']);
    assert.equal(moved(await pull(b)), ['0.1.0']);
    assert.equal(contents(b), contents(a));
  });

  own('documents follow the side that changed; two sides are refused', async () => {
    const { a, b } = await hosts();
    const registry = ({ dir }: HandMade): string => join(dir, 'artifacts/targets.json');
    writeFileSync(registry(a), 'one');
    await push(a);
    await pull(b);
    writeFileSync(registry(b), 'two');
    assert.equal(documentOf(await push(b)).documents, ['targets.json']);
    assert.equal(documentOf(await pull(a)).documents, ['targets.json']);
    assert.is(readFileSync(registry(a), 'utf8'), 'two');
    writeFileSync(registry(a), 'three');
    writeFileSync(registry(b), 'four');
    await push(a);
    assert.is(codeOf(await push(b)), 'store-differs');
    assert.is(readFileSync(registry(b), 'utf8'), 'four');
  });

  own('how rollouts stand is kept the same, and the last word counts', async () => {
    const { a, b } = await hosts();
    const rollouts = ({ dir }: HandMade): string => join(dir, 'artifacts/board/image/rollouts.json');
    writeFileSync(rollouts(a), 'one');
    assert.equal(documentOf(await push(a)).documents, ['board/image/rollouts.json']);
    await pull(b);
    assert.is(readFileSync(rollouts(b), 'utf8'), 'one');
    writeFileSync(rollouts(a), 'two');
    writeFileSync(rollouts(b), 'three');
    await push(a);
    assert.equal(documentOf(await push(b)).documents, ['board/image/rollouts.json']);
    assert.equal(documentOf(await pull(a)).documents, ['board/image/rollouts.json']);
    assert.is(readFileSync(rollouts(a), 'utf8'), 'three');
    writeFileSync(rollouts(a), 'four');
    writeFileSync(rollouts(b), 'five');
    await push(a);
    assert.equal(documentOf(await pull(b)).documents, ['board/image/rollouts.json']);
    assert.is(readFileSync(rollouts(b), 'utf8'), 'four');
  });

  test('a store is the home of one archive', async () => {
    const { a, bucket } = await hosts();
    await push(a);
    const other = handMade(scratch('other'));
    other.write({ artifacts: { store: bucket.address.concat('/demo'), endpoint: proxy.url } });
    archive(other, '0.2.0');
    const refused = await push(other);
    assert.is(codeOf(refused), 'archive-other');
    assert.is(exitOf(refused), 5);
    assert.is(codeOf(await pull(other)), 'archive-other');
  });

  test('what is missing or damaged in the store is named, and sent again where the folder has it', async () => {
    const { a, b, bucket } = await hosts();
    await push(a);
    await pull(b);
    interface Checked {
      subjects: number;
      problems: Array<{ subject: string; name: string; problem: string; isRepaired: boolean }>;
    }
    const verify = async (host: HandMade, ...flags: string[]): Promise<[number | undefined, Checked]> => {
      const ran = await runCommand(registerArchive, ['archive', 'verify', 'plan.yml', '--json', ...flags], {
        cwd: host.dir,
      });
      assert.is(ran.failure, undefined, wordsOf(ran));
      return [ran.exitCode, JSON.parse(ran.stdout) as Checked];
    };
    const [whole, { subjects, problems }] = await verify(a);
    assert.equal([whole, subjects, problems], [0, 3, []]);
    const keyOf = (file: string): string => {
      const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
      return `demo/objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
    };
    const image = join(a.version('0.1.0'), 'rootfs.squashfs');
    const body = Buffer.alloc(IMAGE_BYTES, 7);
    await bucket.put(keyOf(image), { body, sha256: createHash('sha256').update(body).digest('hex') }, {});
    await bucket.remove(keyOf(join(a.version('0.3.0'), 'manifest.json')));
    rmSync(join(b.version('0.1.0'), 'rootfs.squashfs'));
    const [exitCode, found] = await verify(b, '--repair');
    assert.is(exitCode, 4);
    assert.equal(
      found.problems.map(({ subject, isRepaired, problem }) => `${subject} ${problem.split(' ')[0]} ${isRepaired}`),
      ['0.1.0 has false', '0.3.0 is true'],
    );
    assert.is((await verify(a, '--repair'))[0], 0);
    assert.equal(await verify(a), [0, { ...found, problems: [] }]);
    await pull(b);
    assert.equal(contents(b), contents(a));
  });

  own('a version that there is none of is a mistake', async () => {
    const { a } = await hosts();
    assert.is(codeOf(await push(a, '--versions', '0.9.0')), 'usage');
  });

  test.run();
}

const folder = suite('archive push and pull, a folder');

folder('an archive comes back as it was', async () => {
  const root = scratch('folder-store');
  const [a, b] = [handMade(scratch('push')), handMade(scratch('pull'))];
  for (const one of [a, b]) one.write({ artifacts: { store: `file://${root}/store` } });
  archive(a, '0.1.0');
  assert.equal(moved(await push(a)), ['0.1.0']);
  assert.equal(moved(await pull(b)), ['0.1.0']);
  assert.equal(contents(b), contents(a));
  assert.equal(readdirSync(join(root, 'store')).toSorted(), ['archive.json', 'objects', 'refs']);
});

folder('a plan without a store says so', async () => {
  const here = handMade(scratch('no-store'));
  const failed = await push(here);
  assert.is(codeOf(failed), 'usage');
  assert.match(wordsOf(failed), 'names no store');
});

folder.run();
