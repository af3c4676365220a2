/** Our deltas, taken by the real ostree. */
import { readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../src/core/errors.ts';
import { checkStaticDelta } from '../../src/static-delta/check.ts';
import { generateStaticDeltas } from '../../src/static-delta/generate.ts';
import { deltaFolder, objectPath, type CommitPair } from '../../src/static-delta/names.ts';
import { readOperations, type Operation } from '../../src/static-delta/operations.ts';
import { readPart } from '../../src/static-delta/part.ts';
import { readSuperblock } from '../../src/static-delta/superblock.ts';
import { TreeReader } from '../../src/static-delta/tree.ts';
import { noise, ostree } from '../support/ostree.ts';
import { scratch } from '../support/scratch.ts';
import { pullDelta } from './client.ts';
import {
  commitTree,
  firstTree,
  generateWithOstree,
  newRepository,
  secondTree,
  twoCommits,
  type Entry,
} from './repositories.ts';

const test = suite('static-delta/generate');

const superblockOf = (repo: string, pair: CommitPair) =>
  readSuperblock(readFileSync(join(deltaFolder(repo, pair), 'superblock')));

const problemsOf = async (repo: string, pair: CommitPair): Promise<unknown> =>
  await checkStaticDelta(new TreeReader(repo), pair, { operations: true });

async function operationsOf(repo: string, pair: CommitPair): Promise<Operation[]> {
  const { parts } = superblockOf(repo, pair);
  const all = await Promise.all(
    parts.map(async ({ objects }, index) =>
      readOperations(await readPart(readFileSync(join(deltaFolder(repo, pair), String(index))), 1e9), objects),
    ),
  );
  return all.flat();
}

/** Generates, checks and applies. */
async function prove(repo: string, pair: CommitPair, mode?: string): Promise<void> {
  await generateStaticDeltas(repo, pair.to, [pair.from], { level: 0, workers: 1 });
  assert.equal(await problemsOf(repo, pair), []);
  await pullDelta(repo, pair, mode);
}

test('a client has the target: links, modes, attributes, renamed, emptied, unreadable and large files', async () => {
  const { repo, pair } = await twoCommits('whole');
  const [made] = await generateStaticDeltas(repo, pair.to, [pair.from]);
  assert.equal(await problemsOf(repo, pair), []);
  const { asked } = await pullDelta(repo, pair);
  const { fallbacks } = superblockOf(repo, pair);
  assert.is(fallbacks.length, 1);
  // Clients before 2023.7 may ask for others as well, before the parts are applied; they are not there to be had.
  for (const { object } of fallbacks) assert.ok(asked.some((path) => path.endsWith(objectPath('', object))));
  const shown = await ostree(repo, 'static-delta', 'show', `${pair.from}-${pair.to}`);
  assert.is(made?.sizeBytes, Number(/^Total Size: (\d+)/m.exec(shown)?.[1]));
  assert.is(made?.uncompressedBytes, Number(/^Total Uncompressed Size: (\d+)/m.exec(shown)?.[1]));
});

test('clients of every bare mode take it', async () => {
  const repo = await newRepository('modes');
  // The only kind of commit that bare-user-only can hold.
  const flags = ['--canonical-permissions', '--no-xattrs'];
  const pair = { from: await commitTree(repo, firstTree(), flags), to: await commitTree(repo, secondTree(), flags) };
  await generateStaticDeltas(repo, pair.to, [pair.from]);
  for (const mode of ['bare-user', 'bare-user-only', ...(process.getuid?.() === 0 ? ['bare'] : [])]) {
    await pullDelta(repo, pair, mode);
  }
});

test('a renamed library and a changed program are patched, a file that only root reads is no source', async () => {
  const { repo, pair } = await twoCommits('sources');
  await generateStaticDeltas(repo, pair.to, [pair.from]);
  const operations = await operationsOf(repo, pair);
  const sources = new TreeReader(repo).read(pair.from).files;
  const used = operations.flatMap((one) =>
    one.kind === 'set-source' ? [sources.find(({ checksum }) => checksum === one.source)?.path] : [],
  );
  assert.equal([...new Set(used)].sort(), ['usr/bin/app', 'usr/lib/libfoo.so.1.2.3']);
});

test('smaller than what ostree makes of the same pair', async () => {
  const { repo, pair } = await twoCommits('smaller');
  await generateWithOstree(repo, pair);
  const theirs = superblockOf(repo, pair).parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  await generateStaticDeltas(repo, pair.to, [pair.from]);
  const ours = superblockOf(repo, pair).parts.reduce((sum, part) => sum + part.sizeBytes, 0);
  assert.ok(ours < theirs, `${ours} against ${theirs}`);
});

test('only a mode changed: a copy, which needs no patch on the device', async () => {
  const repo = await newRepository('mode');
  const content = noise('same', 300_000);
  const pair = {
    from: await commitTree(repo, { one: { content } }),
    to: await commitTree(repo, { one: { content, mode: 0o755 } }),
  };
  await prove(repo, pair);
  const kinds = (await operationsOf(repo, pair)).map(({ kind }) => kind).filter((kind) => kind !== 'splice');
  assert.equal(kinds, ['open', 'set-source', 'write', 'close']);
  assert.ok((superblockOf(repo, pair).parts[0]?.sizeBytes ?? 0) < 600);
});

test('the same bits for any number of threads, and from nothing too', async () => {
  const repo = await newRepository('threads');
  const tree = (version: number): Record<string, Entry> =>
    Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => [
        `usr/lib/${index}.so`,
        { content: Buffer.concat([noise(`lib ${index}`, 2_000_000), noise(`${index} ${version}`, 300)]) },
      ]),
    );
  const pair = { from: await commitTree(repo, tree(1)), to: await commitTree(repo, tree(2)) };
  const made: string[][] = [];
  for (const workers of [1, 2, 5]) {
    await generateStaticDeltas(repo, pair.to, [pair.from], { level: 0, workers });
    made.push(superblockOf(repo, pair).parts.map(({ sha256 }) => sha256));
  }
  assert.ok((made[0]?.length ?? 0) > 1);
  assert.equal(made[1], made[0]);
  assert.equal(made[2], made[0]);
  await pullDelta(repo, pair);
  await prove(repo, { from: '', to: pair.from });
});

test('several sources to one target', async () => {
  const { repo, pair } = await twoCommits('several');
  const third = await commitTree(repo, { ...secondTree(), 'etc/third': { content: 'third\n' } });
  const made = await generateStaticDeltas(repo, third, [pair.from, pair.to, '']);
  assert.equal(
    made.map(({ from }) => from),
    [pair.from, pair.to, ''],
  );
  const together = superblockOf(repo, { from: pair.from, to: third }).parts;
  await generateStaticDeltas(repo, third, [pair.from]);
  assert.equal(superblockOf(repo, { from: pair.from, to: third }).parts, together, 'the same bits as alone');
  // Another commit with the same files: what the two need in common is matched once.
  const again = await commitTree(repo, { ...firstTree(), 'etc/again': { content: 'again' } });
  const [alone] = await generateStaticDeltas(repo, third, [again]);
  const [, shared] = await generateStaticDeltas(repo, third, [pair.from, again]);
  assert.equal(shared, alone);
  await pullDelta(repo, { from: again, to: third });
  for (const from of [pair.from, pair.to, '']) {
    assert.equal(await problemsOf(repo, { from, to: third }), []);
    await pullDelta(repo, { from, to: third });
  }
});

test('a commit that was signed brings its signatures', async () => {
  const { repo, pair } = await twoCommits('detached');
  await ostree(
    repo,
    'commit',
    '--branch=test/branch',
    `--tree=ref=${pair.to}`,
    '--add-detached-metadata-string=note=signed',
  );
  const signed = { from: pair.to, to: (await ostree(repo, 'rev-parse', 'test/branch')).trim() };
  await prove(repo, signed);
  const { client } = await pullDelta(repo, signed);
  const meta = `objects/${signed.to.slice(0, 2)}/${signed.to.slice(2)}.commitmeta`;
  assert.equal(readFileSync(join(client, meta)), readFileSync(join(repo, meta)));
});

test('equal trees, an empty tree and one that becomes empty', async () => {
  const repo = await newRepository('empty');
  const full = await commitTree(repo, firstTree());
  const again = await commitTree(repo, firstTree(), ['--add-metadata-string=v=2']);
  const none = await commitTree(repo, {});
  for (const pair of [
    { from: full, to: again },
    { from: full, to: none },
    { from: none, to: full },
  ])
    await prove(repo, pair);
});

test('a part is within what each release of clients takes, also where pieces come in another order', async () => {
  const repo = await newRepository('shuffled');
  const old = noise('pieces', 400_000);
  const piece = (index: number): Buffer => old.subarray(index * 20, index * 20 + 20);
  const content = Buffer.concat(Array.from({ length: 20_000 }, (_, index) => piece((index * 7919) % 20_000)));
  const pair = {
    from: await commitTree(repo, { one: { content: old } }),
    to: await commitTree(repo, { one: { content } }),
  };
  // The check applies the limit of 2026.3.
  await prove(repo, pair);
});

test('missing objects are told before anything is written, and a delta that is there makes way', async () => {
  const { repo, pair } = await twoCommits('missing');
  await generateStaticDeltas(repo, pair.to, [pair.from]);
  writeFileSync(join(deltaFolder(repo, pair), '7'), 'left over');
  await generateStaticDeltas(repo, pair.to, [pair.from]);
  assert.throws(() => readFileSync(join(deltaFolder(repo, pair), '7')), /ENOENT/);
  const lost = new TreeReader(repo).read(pair.to).files.find(({ path }) => path === 'usr/bin/app');
  assert.ok(lost !== undefined);
  unlinkSync(objectPath(repo, { type: 'file', checksum: lost.checksum }));
  const failure = await generateStaticDeltas(repo, pair.to, [pair.from]).catch((error: unknown) => error);
  assert.ok(failure instanceof ReleasePlanError);
  assert.is(failure.code, 'ostree-object-damaged');
  assert.equal(await problemsOf(repo, { from: '', to: pair.from }), [
    { kind: 'absent', message: `there is no static delta ${pair.from}` },
  ]);
  assert.ok(superblockOf(repo, pair).parts.length > 0, 'what was there is as it was');
});

test('a damaged object stops every thread, and leaves no superblock', async () => {
  const { repo, pair } = await twoCommits('damaged');
  const hurt = new TreeReader(repo).read(pair.to).files.find(({ path }) => path === 'usr/bin/app');
  assert.ok(hurt !== undefined);
  const path = objectPath(repo, { type: 'file', checksum: hurt.checksum });
  const bytes = readFileSync(path);
  writeFileSync(path, bytes.subarray(0, bytes.length / 2));
  const failure = await generateStaticDeltas(repo, pair.to, [pair.from]).catch((error: unknown) => error);
  assert.ok(failure instanceof ReleasePlanError);
  assert.match(failure.message, /object [0-9a-f]{64}\.file cannot be read: unexpected end of file$/);
  assert.equal(
    (await checkStaticDelta(new TreeReader(repo), pair)).map(({ kind }) => kind),
    ['absent'],
  );
});

test('without xz, and when it is stopped', async () => {
  const { repo, pair } = await twoCommits('without');
  const path = process.env.PATH;
  process.env.PATH = scratch('no-xz');
  const failure = await generateStaticDeltas(repo, pair.to, [pair.from]).catch((error: unknown) => error);
  process.env.PATH = path;
  assert.ok(failure instanceof ReleasePlanError);
  assert.is(failure.code, 'tool-missing');
  const stopped = await generateStaticDeltas(repo, pair.to, [pair.from], { signal: AbortSignal.abort() }).catch(
    (error: unknown) => error,
  );
  assert.ok(stopped instanceof ReleasePlanError);
  assert.is(stopped.code, 'interrupted');
});

// --- random trees ----------------------------------------------------------------

const names = ['a', 'b.so.1', 'b.so.2', 'c.txt', 'd'];
const paths = names.flatMap((name) => [name, `x/${name}`, `x/y/${name}`]);
const contents = fc.oneof(
  fc.constant(''),
  fc.tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 6 })).map(([seed, cut]) => {
    const base = noise(`content ${seed}`, 4000);
    return Buffer.concat([base.subarray(cut * 300), Buffer.alloc(cut * 50), base.subarray(0, cut * 200)]);
  }),
  fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
);
const entry: fc.Arbitrary<Entry> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ content: contents, mode: fc.constantFrom(0o644, 0o755, 0o600) }) },
  { weight: 1, arbitrary: fc.constantFrom('a', '../x/a', '/nowhere', 'ü').map((link) => ({ link })) },
  {
    weight: 1,
    arbitrary: fc.record({
      content: contents,
      xattrs: fc.constantFrom({ 'user.a': '1' }, { 'user.a': '2', 'user.b': '' }),
    }),
  },
);
const trees = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...paths), entry), { selector: ([path]) => path, maxLength: 12 })
  .map((entries) => Object.fromEntries(entries));

test('random trees: generated, checked, pulled, compared', async () => {
  const repo = await newRepository('random');
  await fc.assert(
    fc.asyncProperty(trees, trees, async (first, second) => {
      const pair = {
        from: await commitTree(repo, first),
        to: await commitTree(repo, { ...second, 'always/new': { content: String(Math.random()) } }),
      };
      await prove(repo, pair, process.getuid?.() === 0 ? 'bare' : 'bare-user');
    }),
    { numRuns: 10 },
  );
});

test.run();
