/** What apply remembers of the changes between versions, for the page. */
import { copyFileSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { changedDir } from '../../src/archive/layout.ts';
import type { ArchivedFile, ArchiveEntry, VersionManifest } from '../../src/core/archive.ts';
import type { ReleaseEvent } from '../../src/core/events.ts';
import { PairMap } from '../../src/core/pair.ts';
import type { ConsistencyReport, SizeRow } from '../../src/core/report.ts';
import type { ChangedPair } from '../../src/core/findings.ts';
import type { Snapshot } from '../../src/delivery/snapshot.ts';
import { documentProblem } from '../../src/io/documents/read.ts';
import { digestBytes } from '../../src/io/hash.ts';
import { changedPairs, describeChanges } from '../../src/jobs/describe-changes.ts';
import { KINDS, tool, writeTree } from '../insight/images.ts';
import { manifest } from '../support/manifests.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('jobs: what changed');
const dir = scratch('describe-changes');

/** A version with an image of a tree of its own, and the list of its packages. */
function archived(version: string, files: Record<string, string>, packages: string): ArchiveEntry<VersionManifest> {
  const folder = join(dir, version);
  writeTree(join(dir, `tree-${version}`), { 'etc/same': 'same', ...files });
  mkdirSync(folder, { recursive: true });
  KINDS['squashfs-zstd']?.(join(dir, `tree-${version}`), join(folder, 'rootfs.squashfs'));
  writeFileSync(join(folder, 'image.manifest'), packages);
  const file = (path: string, rest: Pick<ArchivedFile, 'role' | 'partition'>): ArchivedFile => ({
    path,
    ...rest,
    ...digestBytes(readFileSync(join(folder, path))),
  });
  const list = [
    file('rootfs.squashfs', { role: 'image', partition: 'rootfs' }),
    file('image.manifest', { role: 'packages' }),
  ];
  return { state: 'whole', dir: folder, manifest: manifest(version, { files: list }) };
}

const versions = new Map([
  ['1', archived('1', { 'etc/changed': 'one', 'etc/gone': 'x' }, 'busybox core2-64 1.36.0\nold core2-64 1\n')],
  ['2', archived('2', { 'etc/changed': 'two' }, 'busybox core2-64 1.36.1\n')],
  ['3', archived('3', { 'etc/changed': 'three', 'etc/new': 'y' }, 'busybox core2-64 1.36.1\n')],
]);

const plan = { artifacts: join(dir, 'artifacts'), machine: 'board', image: 'image', product: 'demo', file: 'plan.yml' };
const snapshot = {
  inputs: { plan },
  archive: { versions, updates: new PairMap(), fulls: new Map() },
} as unknown as Snapshot;

const reportOf = (...pairs: ReadonlyArray<[from: string, to: string]>): ConsistencyReport =>
  ({
    sizes: pairs.map(([from, to]) => ({ from, to, sendBytes: 1 }) as SizeRow),
  }) as unknown as ConsistencyReport;

async function describe(
  report: ConsistencyReport,
): Promise<{ found: ChangedPair[]; worked: string[]; said: string[] }> {
  const worked: string[] = [];
  const events: ReleaseEvent[] = [];
  const host = { signal: new AbortController().signal, report: (event: ReleaseEvent) => void events.push(event) };
  await describeChanges(snapshot, report, host, (message) => void worked.push(message));
  const said = events.map((event) => ('message' in event ? String(event.message) : event.type));
  return { found: await changedPairs(snapshot, report), worked, said };
}

test('packages and files of a pair are found out once, and forgotten with it', async () => {
  const report = reportOf(['1', '3'], ['2', '3']);
  const { found, worked } = await describe(report);
  assert.equal(worked, ['what changed, 1 -> 3', 'what changed, 2 -> 3']);
  const [first] = found;
  assert.equal([first?.from, first?.to], ['1', '3']);
  assert.equal(first?.packages, {
    added: 0,
    removed: 1,
    upgraded: 1,
    relicensed: 0,
    rows: [
      { name: 'old', change: 'removed', from: '1', to: null, licence: null },
      { name: 'busybox', change: 'upgraded', from: '1.36.0', to: '1.36.1', licence: null },
    ],
  });
  assert.equal(first?.files, [
    {
      partition: 'rootfs',
      added: 1,
      removed: 1,
      changed: 1,
      rows: [
        { path: '/etc/changed', change: 'changed', differs: ['content', 'size'], fromBytes: 3, toBytes: 5 },
        { path: '/etc/new', change: 'added', differs: [], fromBytes: null, toBytes: 1 },
        { path: '/etc/gone', change: 'removed', differs: [], fromBytes: 1, toBytes: null },
      ],
    },
  ]);
  for (const one of found) assert.is(await documentProblem('changed', one), undefined);
  assert.equal((await describe(report)).worked, []);
  const fewer = reportOf(['2', '3']);
  assert.equal(
    (await describe(fewer)).found.map(({ from }) => from),
    ['2'],
  );
  assert.is(readdirSync(changedDir(plan)).length, 1);
});

test('without the program that unpacks an image its files stay unknown, until it is there', async () => {
  const report = reportOf(['1', '2']);
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  symlinkSync(tool('sh', '-c', 'command -v env').trim(), join(bin, 'env'));
  const path = process.env.PATH;
  process.env.PATH = bin;
  try {
    const { found, said } = await describe(report);
    assert.equal([found[0]?.files, found[0]?.packages?.upgraded, said], [[], 1, []]);
    assert.match(found[0]?.filesUnknown ?? '', /zstd/);
  } finally {
    process.env.PATH = path;
  }
  const { found, worked } = await describe(report);
  assert.equal(worked, ['what changed, 1 -> 2']);
  assert.equal([found[0]?.files[0]?.changed, found[0]?.filesUnknown], [1, undefined]);
});

test('an image that cannot be read spoils no run: it is named', async () => {
  const image = join(dir, '2/rootfs.squashfs');
  copyFileSync(image, join(dir, 'whole'));
  const bytes = readFileSync(image);
  bytes.fill(0xff, 200);
  writeFileSync(image, bytes);
  const { found, said } = await describe(reportOf(['2', '3']));
  assert.equal(found, []);
  assert.match(said.join(), /^2 -> 3: what changed is not known: .*2\/rootfs\.squashfs/);
  copyFileSync(join(dir, 'whole'), image);
});

test.run();
