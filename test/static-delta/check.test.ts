/** Deltas of the real ostree, each damage really made. */
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { run } from '../../src/io/process.ts';
import { checkStaticDelta } from '../../src/static-delta/check.ts';
import { children } from '../../src/static-delta/gvariant.ts';
import type { CheckOptions, DeltaProblemKind } from '../../src/static-delta/problem.ts';
import { deltaFolder, objectPath, type CommitPair } from '../../src/static-delta/names.ts';
import { COMMIT_TYPE, readSuperblock, superblockBytes, type Superblock } from '../../src/static-delta/superblock.ts';
import { TreeReader } from '../../src/static-delta/tree.ts';
import { ostree } from '../support/ostree.ts';
import { scratch } from '../support/scratch.ts';
import { commitTree, generateWithOstree, secondTree, twoCommits } from './repositories.ts';

const test = suite('static-delta/check');

const kindsOf = async (repo: string, pair: CommitPair, options?: CheckOptions): Promise<DeltaProblemKind[]> =>
  (await checkStaticDelta(new TreeReader(repo), pair, options)).map(({ kind }) => kind);

const messagesOf = async (repo: string, pair: CommitPair, options?: CheckOptions): Promise<string> =>
  (await checkStaticDelta(new TreeReader(repo), pair, options)).map(({ message }) => message).join('; ');

async function withDelta(
  name: string,
  ...flags: string[]
): Promise<{ repo: string; pair: CommitPair; file(name: string): string }> {
  const { repo, pair } = await twoCommits(name);
  await generateWithOstree(repo, pair, ...flags);
  return { repo, pair, file: (one) => join(deltaFolder(repo, pair), one) };
}

const superblockOf = (file: string): Superblock => readSuperblock(readFileSync(file));

/** Writes a superblock that differs in what is given. */
function alterSuperblock(file: string, altered: Partial<Superblock>): void {
  const old = superblockOf(file);
  const metadata = old.metadata.filter(({ key }) => key !== 'ostree.endianness');
  writeFileSync(file, superblockBytes({ ...old, metadata, ...altered }));
}

/** Puts another content into a part and lets the superblock agree: as a generator that makes mistakes. */
function replacePart(folder: string, content: Buffer): void {
  writeFileSync(join(folder, '0'), content);
  const [entry] = superblockOf(join(folder, 'superblock')).parts;
  assert.ok(entry !== undefined);
  const sha256 = createHash('sha256').update(content).digest('hex');
  alterSuperblock(join(folder, 'superblock'), { parts: [{ ...entry, sizeBytes: content.length, sha256 }] });
}

test('deltas of every kind that ostree makes have no problems', async () => {
  const { repo, pair } = await twoCommits('kinds');
  const kinds = [
    [],
    ['--disable-bsdiff'],
    ['--swap-endianness'],
    ['--inline'],
    ['--max-chunk-size=1', '--min-fallback-size=0'],
  ];
  for (const flags of kinds) {
    await generateWithOstree(repo, pair, ...flags);
    assert.equal(await kindsOf(repo, pair, { operations: true }), [], flags.join(' '));
    rmSync(deltaFolder(repo, pair), { recursive: true });
  }
  const fromNothing = { from: '', to: pair.to };
  await generateWithOstree(repo, fromNothing);
  assert.equal(await kindsOf(repo, fromNothing, { operations: true }), []);
  assert.equal(await kindsOf(repo, pair), ['absent']);
});

test('an advertised delta has no problems; one that was made anew behind the summary has', async () => {
  const { repo, pair } = await withDelta('advertised');
  await ostree(repo, 'config', 'set', 'core.no-deltas-in-summary', 'false');
  await ostree(repo, 'summary', '--update');
  assert.equal(await kindsOf(repo, pair), []);
  await generateWithOstree(repo, pair, '--disable-bsdiff');
  assert.equal([...new Set(await kindsOf(repo, pair))], ['superblock-not-advertised']);
  assert.match(
    await messagesOf(repo, pair),
    /not the one that the summary names.*not the one that the delta index names/,
  );
  await ostree(repo, 'summary', '--update');
  assert.equal(await kindsOf(repo, pair), []);
});

test('a part that was cut off, lengthened, altered, removed or is of another delta', async () => {
  const { repo, pair, file } = await withDelta('parts');
  const whole = readFileSync(file('0'));
  truncateSync(file('0'), whole.length - 1);
  assert.match(
    await messagesOf(repo, pair),
    new RegExp(`^part 0 has ${whole.length - 1} bytes, the superblock says ${whole.length}$`),
  );
  writeFileSync(file('0'), whole);
  appendFileSync(file('0'), 'x');
  assert.equal(await kindsOf(repo, pair), ['part-differs']);
  // ostree itself does not see it.
  await ostree(repo, 'static-delta', 'show', `${pair.from}-${pair.to}`);
  const altered = Buffer.from(whole);
  altered[whole.length >> 1] = (altered[whole.length >> 1] ?? 0) ^ 0x10;
  writeFileSync(file('0'), altered);
  assert.match(await messagesOf(repo, pair), /^part 0 is not what the superblock says: its sha256 is /);
  unlinkSync(file('0'));
  assert.equal(await kindsOf(repo, pair), ['part-missing']);

  const third = await commitTree(repo, { ...secondTree(), 'etc/third': { content: 'third\n' } });
  await generateWithOstree(repo, { from: pair.to, to: third });
  copyFileSync(join(deltaFolder(repo, { from: pair.to, to: third }), '0'), file('0'));
  assert.equal(await kindsOf(repo, pair), ['part-differs']);
});

test('a superblock of another delta, a signed one and one that is cut off', async () => {
  const { repo, pair, file } = await withDelta('superblocks');
  const whole = readFileSync(file('superblock'));
  const third = await commitTree(repo, { ...secondTree(), 'etc/third': { content: 'third\n' } });
  await generateWithOstree(repo, { from: pair.to, to: third });
  copyFileSync(join(deltaFolder(repo, { from: pair.to, to: third }), 'superblock'), file('superblock'));
  assert.equal(await kindsOf(repo, pair), ['other-commits']);
  assert.match(await messagesOf(repo, pair), new RegExp(`of the delta ${pair.to}-${third}`));
  writeFileSync(file('superblock'), Buffer.concat([Buffer.from('OSTSGNDT'), whole]));
  assert.equal(await kindsOf(repo, pair), ['superblock-signed']);
  for (const length of [0, 1, 100, whole.length - 1]) {
    writeFileSync(file('superblock'), whole.subarray(0, length));
    assert.equal(await kindsOf(repo, pair), ['superblock-corrupt'], `${length} bytes`);
  }
});

test('each flipped bit of a superblock is seen, also where no summary names its digest, but in the time', async () => {
  const { repo, pair, file } = await withDelta('flips');
  const whole = readFileSync(file('superblock'));
  const reader = new TreeReader(repo);
  const unseen: number[] = [];
  for (let at = 0; at < whole.length; at += 1) {
    const altered = Buffer.from(whole);
    altered[at] = (altered[at] ?? 0) ^ (1 << ((at * 5) % 8));
    writeFileSync(file('superblock'), altered);
    if ((await checkStaticDelta(reader, pair)).length === 0) unseen.push(at);
  }
  const time = Buffer.alloc(4);
  time.writeUInt32BE(readSuperblock(whole).timeSeconds);
  const timeAt = whole.indexOf(time);
  assert.equal(
    unseen.filter((at) => at < timeAt || at >= timeAt + 4),
    [],
  );
  assert.ok(unseen.length <= 4);
});

test('sizes that are not those of the objects', async () => {
  const { repo, pair, file } = await withDelta('sizes');
  const { parts, fallbacks } = superblockOf(file('superblock'));
  alterSuperblock(file('superblock'), {
    parts: parts.map((part) => ({ ...part, uncompressedBytes: part.uncompressedBytes + 1 })),
  });
  assert.match(await messagesOf(repo, pair), /^part 0 has \d+ bytes of objects, the superblock says \d+$/);
  alterSuperblock(file('superblock'), { parts, fallbacks: fallbacks.map((one) => ({ ...one, sizeBytes: 2 ** 48 })) });
  assert.match(
    await messagesOf(repo, pair),
    /^object [0-9a-f]{64}\.file has \d+ bytes, the superblock says 281474976710656$/,
  );
  alterSuperblock(file('superblock'), { fallbacks: fallbacks.map((one) => ({ ...one, uncompressedBytes: 1 })) });
  assert.equal(await kindsOf(repo, pair), ['sizes-differ']);
});

test('objects that are foreign, twice, missing from it or from the repository', async () => {
  const { repo, pair, file } = await withDelta('objects');
  const { parts, fallbacks } = superblockOf(file('superblock'));
  const [entry] = parts;
  assert.ok(entry !== undefined);
  const stranger = { type: 'file' as const, checksum: 'e'.repeat(64) };
  alterSuperblock(file('superblock'), { parts: [{ ...entry, objects: [...entry.objects, stranger] }] });
  assert.equal(await kindsOf(repo, pair), ['objects-foreign']);
  alterSuperblock(file('superblock'), {
    parts: [{ ...entry, objects: [...entry.objects, ...entry.objects.slice(0, 1)] }],
  });
  assert.ok((await kindsOf(repo, pair)).includes('objects-foreign'));
  alterSuperblock(file('superblock'), { parts: [entry], fallbacks: [] });
  assert.match(await messagesOf(repo, pair), /^1 object is of the target neither in it nor in the source$/);
  alterSuperblock(file('superblock'), { parts: [{ ...entry, version: 1 }], fallbacks });
  assert.ok((await kindsOf(repo, pair)).includes('superblock-corrupt'));
  alterSuperblock(file('superblock'), { parts: [entry], fallbacks });
  const lost = fallbacks[0]?.object;
  assert.ok(lost !== undefined);
  unlinkSync(objectPath(repo, lost));
  assert.match(await messagesOf(repo, pair), /which it leaves to be fetched, is missing$/);
});

test('a commit that was signed after its delta, signed anew, or not at all any more', async () => {
  const { repo, pair } = await withDelta('signed');
  const home = join(scratch('gpg'), 'home');
  mkdirSync(home, { mode: 0o700 });
  const gpg = (...args: string[]) => run('gpg', ['--homedir', home, '--batch', '--yes', ...args]);
  await gpg('--passphrase', '', '--quick-generate-key', 'commits@example.org', 'ed25519', 'sign', 'never');
  const keyId = /^fpr:+([0-9A-F]{40}):/m.exec((await gpg('--with-colons', '--list-keys')).stdout)?.[1] ?? '';
  const sign = () => ostree(repo, 'gpg-sign', `--gpg-homedir=${home}`, pair.to, keyId);
  await sign();
  assert.match(await messagesOf(repo, pair), /^the target commit was signed after the delta was made$/);
  await generateWithOstree(repo, pair);
  assert.equal(await kindsOf(repo, pair), []);
  const meta = join(repo, 'objects', pair.to.slice(0, 2), `${pair.to.slice(2)}.commitmeta`);
  const signed = readFileSync(meta);
  unlinkSync(meta);
  assert.match(await messagesOf(repo, pair), /has no signatures any more/);
  const altered = Buffer.from(signed);
  altered[40] = (altered[40] ?? 0) ^ 1;
  writeFileSync(meta, altered);
  assert.match(await messagesOf(repo, pair), /signatures of the target commit changed/);
  await run('gpgconf', ['--homedir', home, '--kill', 'all'], { okCodes: [0, 1, 2] });
});

test('a commit object that is not that of the repository', async () => {
  const { repo, pair, file } = await withDelta('commit');
  const commit = Buffer.from(superblockOf(file('superblock')).commit);
  commit[commit.length - 10] = (commit[commit.length - 10] ?? 0) ^ 1;
  alterSuperblock(file('superblock'), { commit });
  assert.equal(await kindsOf(repo, pair), ['commit-differs']);
});

test('a part that agrees with its superblock and makes something else', async () => {
  const { repo, pair, file } = await withDelta('wrong-part');
  const folder = deltaFolder(repo, pair);
  replacePart(folder, Buffer.concat([Buffer.from([0]), Buffer.from('no part')]));
  assert.equal(await kindsOf(repo, pair), []);
  assert.match(
    await messagesOf(repo, pair, { operations: true }),
    /^part 0 cannot be applied: its content is not of the type of a part$/,
  );
  replacePart(folder, Buffer.from('zlib'));
  assert.match(await messagesOf(repo, pair, { operations: true }), /its compression is unknown \(122\)$/);
  replacePart(folder, Buffer.from('x and no xz stream'));
  assert.match(
    await messagesOf(repo, pair, { operations: true }),
    /^part 0 cannot be applied: File format not recognized$/,
  );
  const third = await commitTree(repo, { ...secondTree(), 'etc/third': { content: 'third\n' } });
  await generateWithOstree(repo, { from: pair.to, to: third });
  replacePart(folder, readFileSync(join(deltaFolder(repo, { from: pair.to, to: third }), '0')));
  assert.equal(await kindsOf(repo, pair, { operations: true }), ['part-corrupt']);
  assert.ok(superblockOf(file('superblock')).parts.length === 1);
});

test('a source whose tree cannot be read is an error, not a problem of the delta', async () => {
  const { repo, pair } = await withDelta('unreadable');
  const tree = children(COMMIT_TYPE, readFileSync(objectPath(repo, { type: 'commit', checksum: pair.from })))[6];
  unlinkSync(objectPath(repo, { type: 'dirtree', checksum: tree?.toString('hex') ?? '' }));
  const failure = await checkStaticDelta(new TreeReader(repo), pair).catch((error: unknown) => error);
  assert.ok(failure instanceof ReleasePlanError);
  assert.is(failure.code, 'ostree-object-damaged');
  assert.match(failure.message, /object [0-9a-f]{64}\.dirtree is missing$/);
});

test('of a source that was pruned nothing is asked; the rest is compared', async () => {
  const { repo, pair, file } = await withDelta('pruned');
  unlinkSync(objectPath(repo, { type: 'commit', checksum: pair.from }));
  assert.equal(await kindsOf(repo, pair, { operations: true }), []);
  writeFileSync(file('0'), Buffer.concat([readFileSync(file('0')), Buffer.from('more')]));
  assert.equal(await kindsOf(repo, pair), ['part-differs']);
});

test.run();
