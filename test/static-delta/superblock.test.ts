/** Superblocks and parts of the real ostree, read and written again. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isNormal } from '../../src/static-delta/gvariant.ts';
import { deltaFolder, type CommitPair } from '../../src/static-delta/names.ts';
import { readOperations } from '../../src/static-delta/operations.ts';
import { readPart } from '../../src/static-delta/part.ts';
import {
  SUPERBLOCK_TYPE,
  readSuperblock,
  superblockBytes,
  type Superblock,
} from '../../src/static-delta/superblock.ts';
import { ostree } from '../support/ostree.ts';
import { commitTree, firstTree, generateWithOstree, secondTree, twoCommits } from './repositories.ts';

const test = suite('static-delta/superblock');

const bytesOf = (repo: string, pair: CommitPair): Buffer => readFileSync(join(deltaFolder(repo, pair), 'superblock'));

/** The same superblock by our own hand; `ostree.endianness` is always the first key of it. */
const rewritten = (superblock: Superblock): Buffer =>
  superblockBytes({ ...superblock, metadata: superblock.metadata.filter(({ key }) => key !== 'ostree.endianness') });

test('says what static-delta show says, and is written again bit for bit', async () => {
  const { repo, pair } = await twoCommits('superblock');
  await generateWithOstree(repo, pair);
  const bytes = bytesOf(repo, pair);
  const superblock = readSuperblock(bytes);
  assert.ok(isNormal(SUPERBLOCK_TYPE, bytes));
  assert.equal(rewritten(superblock), bytes);
  const shown = await ostree(repo, 'static-delta', 'show', `${pair.from}-${pair.to}`);
  const number = (label: string): number => Number(new RegExp(`^${label}: (\\d+)`, 'm').exec(shown)?.[1]);
  const sum = (numbers: number[]): number => numbers.reduce((total, one) => total + one, 0);
  assert.equal({ from: superblock.from, to: superblock.to }, pair);
  assert.is(superblock.timeSeconds, number('Timestamp'));
  assert.is(superblock.parts.length, number('Number of parts'));
  assert.is(sum(superblock.parts.map((part) => part.sizeBytes)), number('Total Part Size'));
  assert.is(sum(superblock.parts.map((part) => part.uncompressedBytes)), number('Total Part Uncompressed Size'));
  assert.is(sum(superblock.fallbacks.map((one) => one.sizeBytes)), number('Total Fallback Size'));
  assert.equal(
    superblock.fallbacks.map((one) => one.uncompressedBytes),
    [5_000_000],
  );
  const objects = /nobjects=(\d+)/.exec(shown)?.[1];
  assert.is(superblock.parts[0]?.objects.length, Number(objects));
});

test('the other byte order is read and written too', async () => {
  const { repo, pair } = await twoCommits('swapped');
  await generateWithOstree(repo, pair);
  const native = readSuperblock(bytesOf(repo, pair));
  await generateWithOstree(repo, pair, '--swap-endianness');
  const swapped = readSuperblock(bytesOf(repo, pair));
  assert.equal([native.endianness, swapped.endianness], ['little', 'big']);
  const facts = ({ parts, fallbacks }: Superblock): unknown => [
    parts.map((part) => part.uncompressedBytes),
    fallbacks.map((one) => [one.sizeBytes, one.uncompressedBytes]),
  ];
  assert.equal(facts(swapped), facts(native));
  assert.equal(rewritten(swapped), bytesOf(repo, pair));
});

test('an order that is not declared is guessed as clients do', async () => {
  const { repo, pair } = await twoCommits('undeclared');
  for (const flags of [[], ['--swap-endianness']]) {
    await generateWithOstree(repo, pair, ...flags);
    const declared = readSuperblock(bytesOf(repo, pair));
    const renamed = Buffer.from(
      bytesOf(repo, pair).toString('latin1').replace('ostree.endianness', 'ostree.endiannesz'),
      'latin1',
    );
    const guessed = readSuperblock(renamed);
    assert.is(guessed.isEndiannessDeclared, false);
    assert.is(guessed.endianness, declared.endianness);
    assert.equal(guessed.parts, declared.parts);
  }
});

test('detached metadata, several parts, a delta from nothing and inline parts', async () => {
  const { repo, pair } = await twoCommits('kinds');
  for (const [from, flags] of [
    ['', ['--max-chunk-size=1']],
    [pair.from, ['--inline']],
    [pair.from, ['--disable-bsdiff']],
  ] as const) {
    await generateWithOstree(repo, { from, to: pair.to }, ...flags, '--min-fallback-size=0');
    const bytes = bytesOf(repo, { from, to: pair.to });
    const superblock = readSuperblock(bytes);
    assert.is(superblock.from, from);
    // ostree writes inline parts behind the byte order, as we do with all that follows.
    assert.equal(rewritten(superblock), bytes);
    assert.is(superblock.fallbacks.length, 0);
  }
  assert.ok(readdirSync(deltaFolder(repo, { from: '', to: pair.to })).length > 2);
});

test('parts make the objects of their entry, with the operations that show counts', async () => {
  const { repo, pair } = await twoCommits('parts');
  for (const flags of [[], ['--disable-bsdiff']]) {
    await generateWithOstree(repo, pair, ...flags);
    const shown = await ostree(repo, 'static-delta', 'show', `${pair.from}-${pair.to}`);
    const [, ...counts] =
      /openspliceclose=(\d+) open=(\d+) write=(\d+) setread=(\d+) unsetread=(\d+) close=(\d+) bspatch=(\d+)/.exec(
        shown,
      ) ?? [];
    const [entry] = readSuperblock(bytesOf(repo, pair)).parts;
    const part = await readPart(readFileSync(join(deltaFolder(repo, pair), '0')), 10_000_000);
    const operations = readOperations(part, entry?.objects ?? []);
    const kinds = ['splice', 'open', 'write', 'set-source', 'unset-source', 'close', 'bspatch'];
    assert.equal(
      kinds.map((kind) => operations.filter((one) => one.kind === kind).length),
      counts.map(Number),
    );
    assert.is(part.modes.length, Number(/nmodes=(\d+)/.exec(shown)?.[1]));
  }
});

test('objects of the same commit twice give the same names', async () => {
  const { repo, pair } = await twoCommits('twice');
  assert.is(
    await commitTree(repo, firstTree(), ['--parent=none']),
    await commitTree(repo, firstTree(), ['--parent=none']),
  );
  assert.not.equal(await commitTree(repo, secondTree(), ['--parent=none']), pair.from);
});

test.run();
