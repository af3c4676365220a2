/** Who makes the deltas: our generator, all sources of a target in one go; ostree where ours errs. */
import { existsSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ReleasePlanError } from '../../../src/core/errors.ts';
import type { GenerateDeltas } from '../../../src/delivery/ostree/generate.ts';
import { makeDeltas, type MakeOptions } from '../../../src/delivery/ostree/make.ts';
import { notePending } from '../../../src/delivery/ostree/pending.ts';
import { pruneDeltas } from '../../../src/delivery/ostree/prune.ts';
import { deltaStates } from '../../../src/delivery/ostree/state.ts';
import { deltaFolder, readContent } from '../../../src/delivery/ostree/static-delta.ts';
import { advertisedDeltas } from '../../../src/delivery/ostree/summary.ts';
import { generateStaticDeltas } from '../../../src/static-delta/generate.ts';
import { readSuperblock, superblockBytes } from '../../../src/static-delta/superblock.ts';
import { archiveRepository, commit, ostree, treeOf } from '../../support/ostree.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('delivery/ostree/generate');

interface Told extends MakeOptions {
  warnings: string[];
  lines: string[];
}

const told = (options: Partial<MakeOptions> = {}): Told => {
  const [warnings, lines]: [string[], string[]] = [[], []];
  const progress = (line: string): void => void lines.push(line);
  const warn = (line: string): void => void warnings.push(line);
  return { warnings, lines, progress, warn, ...options };
};

const codeOf = async (work: Promise<unknown>): Promise<string> =>
  await work.then(
    () => 'no error',
    (error: unknown) => (error instanceof ReleasePlanError ? error.code : String(error)),
  );

/** A repository with so many versions of a tree. */
async function versions(name: string, count: number): Promise<{ repo: { path: string }; commits: string[] }> {
  const repo = { path: await archiveRepository(name) };
  const commits: string[] = [];
  for (let version = 1; version <= count; version += 1) {
    commits.push(await commit(repo.path, 'x', treeOf('x', version), version));
  }
  return { repo, commits };
}

test('all sources of a target are made in one go, with the settings of the plan', async () => {
  const { repo, commits } = await versions('one-go', 4);
  const [a = '', b = '', c = '', d = ''] = commits;
  const calls: Array<{ to: string; froms: string[]; level: number; workers: number }> = [];
  const generate: GenerateDeltas = async (path, to, froms, { level, workers }) => {
    calls.push({ to, froms: [...froms], level, workers });
    await generateStaticDeltas(path, to, froms, { level, workers });
  };
  const pairs = [
    { from: a, to: d },
    { from: b, to: c },
    { from: b, to: d },
  ];
  await makeDeltas(repo, pairs, told({ generate, generator: { kind: 'own', xz: 2, workers: 2 } }));
  assert.equal(calls, [
    { to: d, froms: [a, b], level: 2, workers: 2 },
    { to: c, froms: [b], level: 2, workers: 2 },
  ]);
  assert.is((await advertisedDeltas(repo)).size, 3);
  for (const state of await deltaStates(repo, pairs)) assert.is(state.state, 'proven');
});

test('what ours does not make right is made again by ostree, with a warning; the others stay ours', async () => {
  const { repo, commits } = await versions('defects', 5);
  const [a = '', b = '', c = '', d = '', e = ''] = commits;
  const generate: GenerateDeltas = async (path, to, froms, options) => {
    await generateStaticDeltas(path, to, froms, options);
    if (to !== e) return;
    // One that is of other commits, and one whose objects are not all in it: both are told by the client alone.
    const [foreign, incomplete] = [deltaFolder(repo, { from: a, to: e }), deltaFolder(repo, { from: b, to: e })];
    rmSync(foreign, { recursive: true });
    await generateStaticDeltas(path, d, [c], options);
    renameSync(deltaFolder(repo, { from: c, to: d }), foreign);
    const file = join(incomplete, 'superblock');
    writeFileSync(file, superblockBytes({ ...readSuperblock(readFileSync(file)), metadata: [], parts: [] }));
  };
  const froms = [a, b, c];
  const pairs = froms.map((from) => ({ from, to: e }));
  const options = told({ generate });
  const made = await makeDeltas(repo, pairs, options);
  const short = (commit: string): string => commit.slice(0, 10);
  assert.equal(
    options.warnings.map((line) => line.replace(/, since ours does not apply: .+$/s, '')).sort(),
    [a, b].map((from) => `the static delta ${short(from)} -> ${short(e)} is made again by ostree`).sort(),
  );
  assert.equal(
    options.lines.filter((line) => line.endsWith('generating with ostree')).length,
    2,
    options.lines.join('\n'),
  );
  assert.equal(
    made.map(({ isNew }) => isNew),
    [true, true, true],
  );
  for (const state of await deltaStates(repo, pairs)) assert.ok(state.state === 'proven' && state.isAdvertised);
  assert.equal(readdirSync(join(repo.path, '.release-plan/pending')), []);
});

test('where our generator cannot work, ostree does, with a warning that says why', async () => {
  const { repo, commits } = await versions('without-xz', 2);
  const [a = '', b = ''] = commits;
  const path = process.env.PATH;
  process.env.PATH = scratch('no-xz');
  for (const tool of ['flock', 'setpriv', 'ostree']) symlinkSync(`/usr/bin/${tool}`, join(process.env.PATH, tool));
  const options = told();
  try {
    await makeDeltas(repo, [{ from: a, to: b }], options);
  } finally {
    process.env.PATH = path;
  }
  assert.match(options.warnings.join(), /is left to ostree, since our generator failed: .*xz/);
  assert.is((await deltaStates(repo, [{ from: a, to: b }]))[0]?.state, 'proven');
});

test('`generator: ostree` leaves everything to ostree', async () => {
  const { repo, commits } = await versions('by-ostree', 2);
  const [a = '', b = ''] = commits;
  const generate: GenerateDeltas = async () => assert.unreachable();
  const options = told({ generate, generator: { kind: 'program' } });
  await makeDeltas(repo, [{ from: a, to: b }], options);
  assert.ok(options.lines.some((line) => line.endsWith('generating with ostree')));
  assert.equal(options.warnings, []);
});

test('a source with damaged objects keeps its own delta from being made, not those of other sources', async () => {
  const { repo, commits } = await versions('damaged-source', 3);
  const [a = '', b = '', c = ''] = commits;
  const [tree = ''] = (await ostree(repo.path, 'ls', '-d', '-C', a, '/')).match(/[0-9a-f]{64}/) ?? [];
  rmSync(join(repo.path, 'objects', tree.slice(0, 2), `${tree.slice(2)}.dirtree`));
  const pairs = [a, b].map((from) => ({ from, to: c }));
  assert.is(await codeOf(makeDeltas(repo, pairs, told())), 'ostree-object-damaged');
  assert.equal([...(await advertisedDeltas(repo))], [`${b}-${c}`]);
  assert.not(existsSync(deltaFolder(repo, { from: a, to: c })));
});

test('what is not proven does not get into a summary that is written for another reason', async () => {
  const { repo, commits } = await versions('not-in-passing', 3);
  const [a = '', b = '', c = ''] = commits;
  await makeDeltas(repo, [{ from: a, to: b }], told());
  // As a killed run leaves it: finished, noted, not proven.
  await generateStaticDeltas(repo.path, c, [b]);
  const part = join(deltaFolder(repo, { from: a, to: b }), '0');
  writeFileSync(part, Buffer.concat([readFileSync(part), Buffer.from('more')]));
  const seen: string[][] = [];
  const generate: GenerateDeltas = async (path, to, froms, options) => {
    seen.push([...(await advertisedDeltas(repo))]);
    await generateStaticDeltas(path, to, froms, options);
  };
  await makeDeltas(
    repo,
    [
      { from: a, to: b },
      { from: b, to: c },
    ],
    told({ generate }),
  );
  assert.equal(seen, [[], []]);
  assert.is((await advertisedDeltas(repo)).size, 2);
});

test('nor does a prune show what a killed run left', async () => {
  const { repo, commits } = await versions('prune-after-kill', 3);
  const [a = '', b = '', c = ''] = commits;
  await makeDeltas(repo, [{ from: a, to: b }], told());
  await notePending(repo, { from: b, to: c });
  await generateStaticDeltas(repo.path, c, [b]);
  await pruneDeltas(repo, [{ from: a, to: b }]);
  assert.is((await advertisedDeltas(repo)).size, 0);
  assert.not(existsSync(deltaFolder(repo, { from: b, to: c })));
});

test('after a failure the proven ones are shown, and no others', async () => {
  const { repo, commits } = await versions('failure', 3);
  const [a = '', b = '', c = ''] = commits;
  const generate: GenerateDeltas = async (path, to, froms, options) => {
    await generateStaticDeltas(path, to, froms, options);
    if (to === c) throw new ReleasePlanError('disk-full', 'no room');
  };
  const pairs = [
    { from: a, to: b },
    { from: b, to: c },
  ];
  assert.is(await codeOf(makeDeltas(repo, pairs, told({ generate }))), 'disk-full');
  assert.equal([...(await advertisedDeltas(repo))], [`${a}-${b}`]);
  assert.not(existsSync(deltaFolder(repo, { from: b, to: c })));
});

test('a delta that was deleted while the summary still names it is out of that before it is made again', async () => {
  const { repo, commits } = await versions('stale', 2);
  const [a = '', b = ''] = commits;
  const pair = { from: a, to: b };
  await makeDeltas(repo, [pair], told());
  rmSync(deltaFolder(repo, pair), { recursive: true });
  const seen: number[] = [];
  const generate: GenerateDeltas = async (path, to, froms, options) => {
    seen.push((await advertisedDeltas(repo)).size);
    await generateStaticDeltas(path, to, froms, options);
  };
  await makeDeltas(repo, [pair], told({ generate }));
  assert.equal(seen, [0]);
  await pruneDeltas(repo, [pair]);
  assert.ok('problem' in (await readContent(repo, pair).catch(() => ({ problem: 'gone' }))));
});

test.run();
