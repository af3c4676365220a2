/** What a proof takes, and what it refuses: deltas that are whole by every checksum and lead elsewhere. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { withProofs } from '../../../src/delivery/ostree/proof.ts';
import { deltaFolder, type CommitPair } from '../../../src/delivery/ostree/static-delta.ts';
import { checkStaticDelta } from '../../../src/static-delta/check.ts';
import { generateStaticDeltas } from '../../../src/static-delta/generate.ts';
import { children } from '../../../src/static-delta/gvariant.ts';
import { objectPath } from '../../../src/static-delta/names.ts';
import { PART_TYPE } from '../../../src/static-delta/part.ts';
import { readSuperblock, superblockBytes } from '../../../src/static-delta/superblock.ts';
import { TreeReader } from '../../../src/static-delta/tree.ts';
import { commitTree, firstTree, generateWithOstree, secondTree, twoCommits } from '../../static-delta/repositories.ts';

const test = suite('delivery/ostree/proof');

/** What is wrong with each pair's delta; undefined where it is proven. */
const problemsOf = async (repo: string, pairs: readonly CommitPair[]): Promise<Array<string | undefined>> =>
  await withProofs({ path: repo }, pairs, undefined, async (prove) => await Promise.all(pairs.map(prove)));

/** Flips a bit of a part's payload, and lets the superblock agree. */
function alterPayload(repo: string, pair: CommitPair): void {
  const folder = deltaFolder({ path: repo }, pair);
  const [part, file] = [join(folder, '0'), join(folder, 'superblock')];
  const content = execFileSync('xz', ['-dc'], { input: readFileSync(part).subarray(1), maxBuffer: 2 ** 28 });
  const payload = children(PART_TYPE, content)[2] ?? Buffer.alloc(0);
  payload[payload.length >> 1] = (payload[payload.length >> 1] ?? 0) ^ 1;
  const plain = Buffer.concat([Buffer.from([0]), content]);
  writeFileSync(part, plain);
  const superblock = readSuperblock(readFileSync(file));
  const [entry, ...others] = superblock.parts;
  assert.ok(entry !== undefined);
  const sha256 = createHash('sha256').update(plain).digest('hex');
  const parts = [{ ...entry, sha256, sizeBytes: plain.length }, ...others];
  const metadata = superblock.metadata.filter(({ key }) => key !== 'ostree.endianness');
  writeFileSync(file, superblockBytes({ ...superblock, metadata, parts }));
}

test('deltas of several sources to one target, by us and by ostree, with links, modes, attributes and large files', async () => {
  const { repo, pair } = await twoCommits('several');
  const between = await commitTree(repo, { ...firstTree(), 'etc/os-release': { content: 'VERSION_ID=1.5\n' } });
  const other = { from: between, to: pair.to };
  await generateStaticDeltas(repo, pair.to, [pair.from]);
  await generateWithOstree(repo, other);
  assert.equal(await problemsOf(repo, [pair, other]), [undefined, undefined]);
  assert.equal(readdirSync(join(repo, '.release-plan')), []);
});

test('one wrong bit in what a delta brings is refused by the client, though every checksum of the delta holds', async () => {
  const { repo, pair } = await twoCommits('wrong-bit');
  await generateStaticDeltas(repo, pair.to, [pair.from]);
  alterPayload(repo, pair);
  assert.equal(await checkStaticDelta(new TreeReader(repo), pair), []);
  const [problem] = await problemsOf(repo, [pair]);
  assert.match(problem ?? '', /^ostree pull-local failed/);
});

test('a file of another commit does not help a delta whose source lacks it', async () => {
  const { repo, pair } = await twoCommits('other-source');
  const third = await commitTree(repo, { ...secondTree(), 'etc/os-release': { content: 'VERSION_ID=3\n' } });
  await generateStaticDeltas(repo, third, [pair.to]);
  const [right, wrong] = [
    { from: pair.to, to: third },
    { from: pair.from, to: third },
  ];
  await generateStaticDeltas(repo, third, [pair.from]);
  // The program of one delta under the name of the other: its sources are in the repository, not in the commit.
  const folder = deltaFolder({ path: repo }, wrong);
  const [theirs, ours] = [deltaFolder({ path: repo }, right), folder].map((one) =>
    readSuperblock(readFileSync(join(one, 'superblock'))),
  );
  assert.ok(theirs !== undefined && ours !== undefined);
  writeFileSync(join(folder, '0'), readFileSync(join(deltaFolder({ path: repo }, right), '0')));
  const metadata = ours.metadata.filter(({ key }) => key !== 'ostree.endianness');
  writeFileSync(join(folder, 'superblock'), superblockBytes({ ...ours, metadata, parts: theirs.parts }));
  const [problem] = await problemsOf(repo, [wrong]);
  assert.match(problem ?? '', /^ostree pull-local failed/);
});

test('a fallback object that the repository has lost is told', async () => {
  const { repo, pair } = await twoCommits('lost-fallback');
  await generateStaticDeltas(repo, pair.to, [pair.from]);
  const { fallbacks } = readSuperblock(readFileSync(join(deltaFolder({ path: repo }, pair), 'superblock')));
  assert.is(fallbacks.length, 1);
  for (const { object } of fallbacks) rmSync(objectPath(repo, object));
  const [problem] = await problemsOf(repo, [pair]);
  assert.match(problem ?? '', /ENOENT/);
});

test.run();
