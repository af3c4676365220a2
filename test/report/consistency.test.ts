import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ArchiveEntry, DeltaInfo, FullInfo, VersionManifest } from '../../src/core/archive.ts';
import { PairMap, pairText, type Pair } from '../../src/core/pair.ts';
import type { CheckRow } from '../../src/core/report.ts';
import { archiveRows } from '../../src/report/archive-rows.ts';
import { consistencyReport, sameReport } from '../../src/report/consistency.ts';
import { summaryTable } from '../../src/report/summary.ts';
import { checkPair } from '../../src/report/pair.ts';
import { checkPlanned } from '../../src/report/version.ts';
import { NO_FACTS } from '../../src/report/page/facts.ts';
import { reportFormats } from '../../src/report/registry.ts';
import { configuration, deltaInfo, manifest, whole } from '../support/manifests.ts';

const test = suite('report/consistency');
const pair: Pair = { from: '0.1.0', to: '0.3.0' };
const key = pairText(pair);
const subject = { product: 'demo', machine: 'board', image: 'image' };
const NO_FLEET: CheckRow = {
  check: 'devices',
  subject: 'fleet',
  result: 'not-checked',
  detail: 'the plan names no fleet',
};

function report(
  versions: Record<string, ArchiveEntry<VersionManifest>>,
  updates: Record<string, ArchiveEntry<DeltaInfo>>,
  failures: Record<string, string> = {},
) {
  const of = (named: Record<string, string>): PairMap<string> =>
    new PairMap(Object.entries(named).flatMap(([name, why]) => (name === key ? [[pair, why] as const] : [])));
  const { checks, sizes } = archiveRows({
    versions: ['0.1.0', '0.3.0'],
    pairs: [pair],
    archive: {
      versions: new Map(Object.entries(versions)),
      updates: new PairMap(Object.values(updates).map((entry) => [pair, entry] as const)),
      fulls: new Map(),
    },
    fulls: [],
    failures: { versions: new Map(Object.entries(failures)), fulls: new Map(), pairs: of(failures) },
  });
  const scope = { versions: ['0.1.0', '0.3.0'], pairs: [pair] };
  return consistencyReport(subject, scope, { checks: [...checks, NO_FLEET], sizes }, '2026-01-01T00:00:00.000Z');
}

const good = { '0.1.0': whole(manifest('0.1.0')), '0.3.0': whole(manifest('0.3.0')) };
const failing = (rows: readonly CheckRow[]): string[] =>
  rows.filter((row) => row.result === 'fail').map((row) => `${row.check}: ${row.detail}`);

test('all well: every check of the design has its row', () => {
  const found = report(good, { [key]: whole(deltaInfo('0.1.0', '0.3.0')) });
  assert.ok(found.consistent);
  assert.equal([...new Set(found.checks.map((row) => row.check))].sort(), [
    'archive',
    'build-version',
    'configuration',
    'delta',
    'device',
    'devices',
    'install',
    'layout',
    'machine',
    'package',
    'read-only',
    'slot-size',
    'swu',
  ]);
  assert.equal(
    found.sizes.map((row) => row.sendBytes),
    [3],
  );
});

test('each way in which two versions do not fit is named', () => {
  const of = (changes: Partial<VersionManifest>): string[] =>
    failing(checkPair(manifest('0.1.0'), manifest('0.3.0', changes)));
  const rootfs = manifest('0.3.0').partitions[0];
  if (rootfs === undefined) throw new Error('the fixture has a rootfs');
  assert.equal(of({}), []);
  assert.equal(of({ machine: 'other' }), ['machine: machine is board in 0.1.0 and other in 0.3.0']);
  assert.equal(of({ configuration: configuration({ MACHINE: 'a', DISTRO: 'c', INHERIT: 'd' }) }), [
    'configuration: the Yocto configuration differs: DISTRO (differs), INHERIT (only in 0.3.0)',
  ]);
  assert.equal(of({ partitions: [{ ...rootfs, filesystem: 'ext4' }] }), [
    'layout: rootfs is squashfs in 0.1.0 and ext4 in 0.3.0',
  ]);
  assert.equal(of({ partitions: [{ ...rootfs, slotSizeBytes: 2048 }] }), [
    'layout: the slot of rootfs has 1024 bytes in 0.1.0 and 2048 in 0.3.0',
  ]);
  assert.equal(of({ partitions: [rootfs, { ...rootfs, name: 'data' }] }), [
    'layout: partition data exists only in 0.3.0',
  ]);
  assert.equal(of({ partitions: [{ ...rootfs, readOnly: false }] }), [
    'read-only: rootfs is writable on the device, so it cannot be the base of a delta',
  ]);
  const table = (size: number): Record<string, unknown> => ({ 'disk.wic': { partitions: [{ size }] } });
  assert.equal(
    failing(
      checkPair(manifest('0.1.0', { partitionTables: table(1) }), manifest('0.3.0', { partitionTables: table(2) })),
    ),
    ['layout: the partition tables of the disk images (.wic) differ'],
  );
});

test('what is missing, damaged or failed is a failed check with its reason', () => {
  assert.equal(failing(report({}, {}, { '0.1.0': 'the build failed' }).checks), [
    'archive: the build failed',
    'archive: not in the archive',
    'delta: required, but not in the archive',
  ]);
  assert.equal(
    failing(
      report(
        { ...good, '0.1.0': { state: 'damaged', dir: '', problems: ['rootfs was modified'] } },
        {},
        { [key]: 'no base' },
      ).checks,
    ),
    ['archive: rootfs was modified', 'delta: no base'],
  );
  const small = manifest('0.3.0', {
    files: [{ path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', sizeBytes: 1025, sha256: '' }],
  });
  assert.equal(
    failing(report({ ...good, '0.3.0': whole(small) }, { [key]: whole(deltaInfo('0.1.0', '0.3.0')) }).checks),
    ['slot-size: rootfs: the image has 1025 bytes, but its slot has 1024'],
  );
});

test('a version that was archived as another distro than the plan says is a failed check', () => {
  const planned = { product: manifest('0.1.0').product, distro: manifest('0.1.0').distro };
  assert.equal(checkPlanned(manifest('0.1.0'), planned), []);
  assert.equal(failing(checkPlanned(manifest('0.1.0'), { ...planned, distro: 'other' })), [
    `machine: its distro is ${planned.distro} in the archive and other in the plan`,
  ]);
});

test('with a fleet: the pair that serves most comes first, and what all devices fetch is added up', () => {
  const pairs = [
    { from: '0.1.0', to: '0.3.0', devices: 2 },
    { from: '0.2.0', to: '0.3.0', devices: 5 },
  ];
  const archive = {
    versions: new Map(),
    updates: new PairMap(pairs.map((one) => [one, whole(deltaInfo(one.from, one.to))] as const)),
    fulls: new Map(),
  };
  const failures = { versions: new Map(), fulls: new Map(), pairs: new PairMap<string>() };
  const rows = archiveRows({ versions: [], pairs, fulls: [], archive, failures });
  const devices: CheckRow = { check: 'devices', subject: 'promoted -> 0.3.0', result: 'pass', detail: '' };
  const found = consistencyReport(
    subject,
    { versions: [], pairs },
    { checks: [...rows.checks, devices], sizes: rows.sizes },
    '',
  );
  assert.equal(
    found.sizes.map((row) => [row.from, row.devices]),
    [
      ['0.2.0', 5],
      ['0.1.0', 2],
    ],
  );
  // Seven devices, a .swu of 3 bytes, an image of 14.
  assert.equal(found.checks.at(-1), {
    check: 'devices',
    subject: 'fleet',
    result: 'pass',
    detail: '21 B to send with deltas, 98 B without',
  });
});

test('devices that are offered no delta are not counted for it', () => {
  const pairs = [0.5, 2].map((maxShare, at) => ({ from: `0.${at + 1}.0`, to: '0.3.0', devices: 2, maxShare }));
  const update = deltaInfo('0.1.0', '0.3.0');
  const full = { swu: update.swu, proof: [] } as unknown as FullInfo;
  const archive = {
    versions: new Map(),
    updates: new PairMap(pairs.map((one) => [one, whole(deltaInfo(one.from, one.to))] as const)),
    fulls: new Map([['0.3.0', whole(full)]]),
  };
  const failures = { versions: new Map(), fulls: new Map(), pairs: new PairMap<string>() };
  const { sizes } = archiveRows({ versions: [], pairs, fulls: ['0.3.0'], archive, failures });
  assert.equal(
    sizes.map((row) => [row.from, row.devices, row.isNotOffered]),
    [
      ['0.1.0', undefined, true],
      ['0.2.0', 2, undefined],
    ],
  );
});

test('an unsigned package is not checked, and never a pass', () => {
  const unsigned = deltaInfo('0.1.0', '0.3.0', {
    proof: [
      { check: 'delta-applies', result: 'pass', detail: '' },
      { check: 'swu-opens', result: 'not-checked', detail: 'not signed' },
    ],
  });
  const found = report(good, { [key]: whole(unsigned) });
  assert.is(found.checks.find((row) => row.check === 'swu')?.result, 'not-checked');
});

test('the time alone makes no new report', () => {
  const one = report(good, {});
  assert.ok(sameReport(one, { ...one, generatedAt: 'later' }));
  assert.not(sameReport(one, report({}, {})));
});

test('JSON reads back; Markdown names failures first; what a detail holds breaks no table', () => {
  const found = report(good, {}, { [key]: 'a | b\nc <d>' });
  const [json, markdown, html] = reportFormats.map((format) => format.render(found, NO_FACTS));
  assert.equal(JSON.parse(json ?? ''), found);
  assert.match(markdown ?? '', '**INCONSISTENT**: 10 checks pass, 1 fail, 1 not checked.');
  assert.match(markdown ?? '', '| delta | 0.1.0 -> 0.3.0 | **FAIL** | a \\| b c &lt;d> |');
  assert.match(
    html ?? '',
    '<td class="result fail">FAIL</td> <th scope="row">delta</th> <td class="detail">a | b&#10;c &lt;d&gt;</td>',
  );
  assert.match(summaryTable(found), 'FAIL delta 0.1.0 -> 0.3.0');
});

test.run();
