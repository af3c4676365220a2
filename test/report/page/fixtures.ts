/** Reports of products as they are met: real shapes, made-up figures, the same at every run. */
import type { ChangeRow, CheckRow, ConsistencyReport, FleetRow, SizeRow } from '../../../src/core/report.ts';
import type { ChangedPair } from '../../../src/core/findings.ts';
import type { RunRecord } from '../../../src/core/run-record.ts';
import { pairText } from '../../../src/core/pair.ts';
import { consistencyReport } from '../../../src/report/consistency.ts';
import { NO_FACTS, fullSubject, type PageFacts } from '../../../src/report/page/facts.ts';

const AT = '2026-11-27T02:14:09.000Z';
const MIB = 1024 * 1024;

/** Numbers that look like chance and are not. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * below);
  };
}

const row = (check: CheckRow['check'], subject: string, result: CheckRow['result'], detail: string): CheckRow => ({
  check,
  subject,
  result,
  detail,
});

const versionRows = (version: string): CheckRow[] => [
  row('archive', version, 'pass', '9 files match the manifest'),
  row('build-version', version, 'pass', `rootfs: /etc/buildinfo holds ${version}`),
  row('slot-size', version, 'pass', 'rootfs: 401604608 of 536870912 bytes'),
];

const pairRows = (subject: string): CheckRow[] => [
  row('machine', subject, 'pass', 'the same product, machine, distro and image'),
  row('configuration', subject, 'pass', 'the same Yocto configuration'),
  row('layout', subject, 'pass', 'the same partitions, file systems and slot sizes'),
  row('delta', subject, 'pass', 'rootfs: the delta applied to the base is the target, bit for bit'),
  row('swu', subject, 'pass', 'opens; signature and hashes hold'),
  row('install', subject, 'not-checked', 'swupdate is not installed'),
];

export function runs(count: number, failing: readonly number[] = []): RunRecord[] {
  const next = numbers(count + 5);
  return Array.from({ length: count }, (_, at): RunRecord => {
    const isBad = failing.includes(at);
    const medianBytes = 20 * MIB + at * 0.25 * MIB + next(3 * MIB);
    return {
      schema: 1,
      kind: at % 6 === 3 ? 'apply' : 'nightly',
      startedAt: new Date(Date.parse(AT) - (count - 1 - at) * 86_400_000).toISOString(),
      durationMs: 540_000 + next(360_000) + (isBad ? 2_400_000 : 0),
      exitCode: isBad ? 3 : 0,
      consistent: !isBad,
      checks: { pass: 120, fail: isBad ? 2 : 0, notChecked: 4 },
      failed: isBad ? [{ check: 'archive', subject: '0.9.0', detail: 'the build failed' }] : [],
      steps: { done: isBad ? 1 : 4, failed: isBad ? 1 : 0, skipped: isBad ? 3 : 0 },
      sizes: { updates: 12, medianBytes, largestBytes: medianBytes + 6 * MIB + next(9 * MIB) },
      ...(at % 6 === 3 ? { sentBytes: 64 * MIB } : {}),
    };
  });
}

export interface PageCase {
  report: ConsistencyReport;
  facts: PageFacts;
}

/** A product with its first version. */
export const oneVersion = (): PageCase => ({
  report: consistencyReport(
    { product: 'tolomeo', machine: 'tolomeo-qemux86-64', image: 'image-prod' },
    { versions: ['0.1.0'], pairs: [] },
    {
      checks: [...versionRows('0.1.0'), row('devices', 'fleet', 'not-checked', 'the plan has no fleet')],
      sizes: [],
    },
    AT,
  ),
  facts: NO_FACTS,
});

/** Thirty versions, two tags, a fleet, nights, publications. @param failures with what goes wrong */
export function thirtyVersions(failures: readonly CheckRow[] = []): PageCase {
  const next = numbers(7);
  const versions = Array.from({ length: 30 }, (_, at) => `2.${Math.floor(at / 10)}.${at % 10}`);
  const to = versions.at(-1) ?? '';
  const bases = versions.slice(4, -1).toReversed();
  const fullBytes = 212 * MIB;
  const sizes = bases.map((from, at): SizeRow => {
    const deltaBytes = Math.round((3 + at * 4.1 + next(4)) * MIB);
    const isLarge = deltaBytes * 0.7 > fullBytes * 0.35;
    const compressedBytes = Math.round(deltaBytes * 0.7);
    return {
      from,
      to,
      fullBytes,
      deltaBytes,
      compressedBytes,
      sendBytes: isLarge ? fullBytes : compressedBytes + 91_234,
      devices: isLarge ? 0 : Math.max(1, Math.round(8800 / (at + 1) ** 1.4)),
      ...(isLarge ? { isNotOffered: true as const } : {}),
      partitions: [
        { name: 'rootfs', travels: 'delta', imageBytes: 401_604_608, deltaBytes: compressedBytes },
        { name: 'boot', travels: at % 4 === 0 ? 'image' : 'unchanged', imageBytes: 16 * MIB },
        { name: 'data', travels: 'never', imageBytes: 64 * MIB },
      ],
    };
  });
  const groups: FleetRow['groups'] = [
    ...sizes
      .filter(({ devices = 0 }) => devices > 0)
      .map(({ from, devices = 0 }) => ({ running: from, way: 'delta' as const, devices, examples: ['gw-0042'], from })),
    { running: to, way: 'up-to-date', devices: 6120, examples: ['gw-0001'] },
    {
      running: '1.4.2',
      way: 'full',
      devices: 311,
      examples: ['gw-7001', 'gw-7003'],
      detail: 'runs 1.4.2, which is not in the registry',
    },
    { running: '3.0.0-rc1', way: 'newer', devices: 4, examples: ['lab-1'] },
  ];
  const none: FleetRow['groups'][number] = {
    running: 'unknown',
    way: 'none',
    devices: 2,
    examples: ['gw-9001'],
    detail: `no Target of version ${to} for board-rev-c`,
  };
  const all = failures.length === 0 ? groups : [...groups, none];
  const of = (way: string): number => all.filter((one) => one.way === way).reduce((sum, one) => sum + one.devices, 0);
  const fleet: FleetRow[] = [
    {
      tag: 'promoted',
      to,
      devices: all.reduce((sum, one) => sum + one.devices, 0),
      ways: {
        'delta': of('delta'),
        'full': of('full'),
        'none': of('none'),
        'up-to-date': of('up-to-date'),
        'newer': of('newer'),
      },
      groups: all.toSorted((a, b) => b.devices - a.devices),
    },
    {
      tag: 'beta',
      to,
      devices: 40,
      ways: { 'delta': 28, 'full': 0, 'none': 0, 'up-to-date': 12, 'newer': 0 },
      groups: [
        { running: bases[0] ?? '', way: 'delta', devices: 28, examples: ['beta-2'], from: bases[0] ?? '' },
        { running: to, way: 'up-to-date', devices: 12, examples: ['beta-1'] },
      ],
    },
  ];
  const report = consistencyReport(
    { product: 'tolomeo', machine: 'tolomeo-qemux86-64', image: 'image-prod' },
    { versions, pairs: sizes },
    {
      checks: [...versions.flatMap(versionRows), ...sizes.flatMap((one) => pairRows(pairText(one))), ...failures],
      sizes,
      fulls: [{ version: to, sendBytes: fullBytes, devices: of('full') }],
      changes: sizes.map(({ from }, at) => changesInShort(from, to, at)),
      fleet,
      warnings: [{ version: to, message: 'meta-demo: recipe busybox is pinned to an old revision' }],
    },
    AT,
  );
  return { report, facts: factsOf(sizes, to, failures.length > 0) };
}

const COMMITS = ['0a1b2c3d4e5f60718293a4b5c6d7e8f901234567', 'fedcba98765432100123456789abcdef01234567'] as const;

const changesInShort = (from: string, to: string, at: number): ChangeRow => ({
  from,
  to,
  layers: [{ layer: 'meta-gateway', from: COMMITS[0], to: COMMITS[1] }],
  packages: at === 24 ? null : { added: 1, removed: 1, upgraded: 20 + at },
});

/** As many rows as are kept of each list, and more that are not. */
function changedPair({ from, to }: SizeRow): ChangedPair {
  return {
    schema: 1,
    from,
    to,
    sha256: '0'.repeat(64),
    layers: [
      {
        layer: 'meta-gateway',
        from: COMMITS[0],
        to: COMMITS[1],
        link: `https://git.example/meta-gateway/-/compare/${COMMITS[0]}...${COMMITS[1]}`,
        commits: 12,
      },
      { layer: 'meta-local', from: null, to: COMMITS[1], link: 'javascript:alert(1)', commits: null },
    ],
    packages: {
      added: 1,
      removed: 1,
      upgraded: 18,
      relicensed: 1,
      rows: [
        { name: 'libfoo', change: 'relicensed', from: 'GPL-2.0-only', to: 'MIT', licence: 'MIT' },
        { name: 'gatewayd-extra', change: 'added', from: null, to: '1.2-r0', licence: 'Apache-2.0' },
        { name: '<i>telnetd</i>', change: 'removed', from: '0.17-r1', to: null, licence: null },
        ...Array.from({ length: 18 }, (_, at) => ({
          name: `package-${at}`,
          change: 'upgraded' as const,
          from: `1.${at}-r0`,
          to: `1.${at + 1}-r0`,
          licence: 'MIT',
        })),
      ],
    },
    vulnerabilities: {
      fixed: 1,
      introduced: 1,
      remaining: 14,
      rows: [
        {
          id: 'CVE-2026-1000',
          change: 'introduced',
          package: 'busybox',
          version: '1.36.1',
          score: 9.8,
          status: 'none',
        },
        { id: 'CVE-2025-2000', change: 'fixed', package: 'openssl', version: '3.2', score: null, status: 'Patched' },
      ],
    },
    kernel: { from: ['6.6.12-yocto-standard'], to: ['6.6.23-yocto-standard'] },
    files: [
      {
        partition: 'rootfs',
        added: 3,
        removed: 1,
        changed: 2400,
        rows: [
          { path: '/usr/bin/su', change: 'changed', differs: ['mode', 'owner'], fromBytes: 71_000, toBytes: 71_000 },
          { path: '/usr/bin/gatewayd', change: 'added', differs: [], fromBytes: null, toBytes: 4_100_000 },
          { path: '/usr/sbin/telnetd', change: 'removed', differs: [], fromBytes: 31_000, toBytes: null },
        ],
      },
    ],
  };
}

function factsOf(sizes: readonly SizeRow[], to: string, isBad: boolean): PageFacts {
  const next = numbers(3);
  const names = [
    'usr/lib/libcrypto.so.3',
    'usr/bin/gatewayd',
    'usr/lib/libc.so.6',
    'boot/vmlinuz',
    'usr/share/zoneinfo/tzdata.zi',
  ];
  return {
    runs: runs(30, isBad ? [7, 8, 29] : [12]),
    published: sizes.slice(0, 11).flatMap(({ from, sendBytes }, at) =>
      ['lab', 'field'].map((destination) => ({
        destination,
        kind: destination === 'lab' ? 'directory' : 'hawkbit',
        place: `${destination === 'lab' ? '/srv/updates' : 'https://hawkbit.example/rest/v1/softwaremodules'}/delta-update-${from}-to-${to}.swu`,
        version: to,
        base: from,
        fileName: `delta-update-${from}-to-${to}.swu`,
        sizeBytes: sendBytes,
        at: new Date(Date.parse(AT) - at * 61_000).toISOString(),
      })),
    ),
    rollouts: [...sizes.slice(0, 3).map(({ from, sendBytes }) => ({ from, bytes: sendBytes })), undefined].map(
      (delta, at) => ({
        destination: 'field',
        name: `rollout ${at}`,
        version: to,
        tag: 'promoted',
        ...(delta === undefined ? {} : { base: delta.from }),
        isOfRefused: delta === undefined,
        state: ['finished', 'running', 'paused', 'ready'][at] ?? '',
        devices: 2000 - 100 * at,
        finished: 2000 - 500 * at,
        failed: at,
        wire: { bytes: (2000 - 500 * at) * (delta?.bytes ?? 50_000_000), fullBytes: (2000 - 500 * at) * 50_000_000 },
        at: AT,
      }),
    ),
    explained: sizes.slice(0, 3).map(({ from, compressedBytes }) => ({
      schema: 1 as const,
      from,
      to,
      partition: 'rootfs',
      sha256: '0'.repeat(64),
      filesystem: 'squashfs',
      totalBytes: compressedBytes,
      files: names.map((path, at) => ({
        path: `/${path}`,
        bytes: Math.round((compressedBytes * 0.45) / 2 ** at),
        cause: at === 3 ? 'new' : 'changed',
        package: at === 4 ? null : (path.split('/').pop() ?? ''),
      })),
      otherFilesBytes: Math.round(compressedBytes * 0.08) + next(100),
      metadataBytes: Math.round(compressedBytes * 0.03),
      commandBytes: 4211,
    })),
    changed: sizes.slice(0, 2).map(changedPair),
    links: new Map([
      ...sizes.map(({ from }): [string, PageFacts['links'] extends ReadonlyMap<string, infer V> ? V : never] => [
        pairText({ from, to }),
        [
          {
            label: `delta-update-${from}-to-${to}.swu`,
            href: `../${to}/updates/from_${from}/delta-update-${from}-to-${to}.swu`,
          },
          { label: 'delta-info.json', href: `../${to}/updates/from_${from}/delta-info.json` },
        ],
      ]),
      [
        to,
        [
          { label: 'manifest.json', href: `../${to}/manifest.json` },
          { label: 'build log', href: `../../logs/${to}.log` },
        ],
      ],
      [fullSubject(to), [{ label: `full-update-${to}.swu`, href: `../${to}/updates/full/full-update-${to}.swu` }]],
    ]),
  };
}

/** What goes wrong in a bad night, with text that would be markup if it were let. */
export const FAILURES: CheckRow[] = [
  row('archive', '2.2.9', 'fail', 'rootfs.squashfs was modified: sha256 3f0c… instead of 9ab1…'),
  row(
    'delta',
    '2.1.0 -> 2.2.9',
    'fail',
    'required, but not in the archive\nThe build of 2.2.9 failed: do_compile of gatewayd, log: /srv/build/.release-plan/logs/2.2.9.log',
  ),
  row('slot-size', '2.2.9', 'fail', 'rootfs: the image has 545259520 bytes, but its slot has 536870912'),
  row('devices', '<img src=x onerror=alert(1)>', 'fail', '2 devices: "><script>alert(document.domain)</script>'),
];

/** An OSTree product: no packages, no partitions; devices without a delta fetch objects. */
export function ostreePlan(): PageCase {
  const sizes: SizeRow[] = [142, 140, 138].map((from, at) => ({
    from: String(from),
    to: '145',
    fullBytes: (60 + at * 25) * MIB,
    deltaBytes: (30 + at * 11) * MIB,
    compressedBytes: (11 + at * 6) * MIB,
    sendBytes: (11 + at * 6) * MIB,
    devices: [950, 120, 7][at] ?? 0,
  }));
  const fleet: FleetRow[] = [
    {
      tag: 'main',
      to: '145',
      devices: 1102,
      ways: { 'delta': 1077, 'full': 1, 'none': 0, 'up-to-date': 24, 'newer': 0 },
      groups: [
        ...sizes.map(({ from, devices = 0 }) => ({
          running: `intel-corei7-64-lmp-${from}`,
          way: 'delta' as const,
          devices,
          examples: ['a'],
          from,
        })),
        { running: 'intel-corei7-64-lmp-145', way: 'up-to-date', devices: 24, examples: ['b'] },
        {
          running: '9f2c11ab04',
          way: 'full',
          devices: 1,
          examples: ['orphan-1'],
          detail: 'runs 9f2c11ab04, which is not in the registry',
        },
      ],
    },
  ];
  return {
    report: consistencyReport(
      { product: 'lmp', machine: 'intel-corei7-64', image: 'lmp-factory-image' },
      { versions: ['138', '140', '142', '145'], pairs: [] },
      {
        checks: [
          ...['138', '140', '142', '145'].map((one) => row('archive', one, 'pass', 'its commit is in the repository')),
          ...sizes.map((one) =>
            row('delta', pairText(one), 'pass', 'a client with only the base applied it, fsck passed'),
          ),
          row('devices', 'main -> 145', 'pass', '1102 devices: 1077 by delta, 1 by full image, 24 up to date'),
        ],
        sizes,
        fleet,
      },
      AT,
    ),
    facts: { ...NO_FACTS, runs: runs(3) },
  };
}
