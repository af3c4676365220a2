/** Small manifests for tests of pure code: real shapes, made-up content. */
import { SWU } from './swupdate.ts';
import { digestBytes } from '../../src/io/hash.ts';
import type { BuildConfiguration, DeltaInfo, ArchiveEntry, VersionManifest } from '../../src/core/archive.ts';
import type { Plan } from '../../src/core/plan.ts';
import { digestOf } from '../../src/text/json.ts';

export function configuration(settings: Record<string, string> = { MACHINE: 'a', DISTRO: 'b' }): BuildConfiguration {
  return {
    digest: digestOf(settings),
    settings,
    layers: { 'meta-demo': 'c0ffee' },
    chain: ['kas/base.yml'],
    kas: 'kas 3.1',
  };
}

export function manifest(version: string, changes: Partial<VersionManifest> = {}): VersionManifest {
  return {
    schema: 1,
    product: 'demo',
    machine: 'board',
    distro: 'prod',
    image: 'image',
    version,
    archivedAt: '2026-01-01T00:00:00.000Z',
    configuration: configuration(),
    partitions: [
      {
        name: 'rootfs',
        file: 'rootfs.squashfs',
        filesystem: 'squashfs',
        readOnly: true,
        slotSizeBytes: 1024,
        delta: 'rdiff',
      },
    ],
    partitionTables: {},
    proof: [{ check: 'build-version', result: 'pass', detail: `rootfs: /etc/buildinfo holds ${version}` }],
    files: [{ path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', ...digestBytes(`image of ${version}`) }],
    tools: {},
    ...changes,
  };
}

export const whole = <T>(of: T): ArchiveEntry<T> => ({ state: 'whole', manifest: of, dir: '/nowhere' });

export function deltaInfo(from: string, to: string, changes: Partial<DeltaInfo> = {}): DeltaInfo {
  const file = (name: string, content: string) => ({ file: name, ...digestBytes(content) });
  return {
    schema: 1,
    product: 'demo',
    machine: 'board',
    distro: 'prod',
    image: 'image',
    from,
    to,
    engine: 'rdiff',
    engineVersion: 2,
    createdAt: '2026-01-01T00:00:00.000Z',
    partitions: [
      {
        name: 'rootfs',
        algorithm: 'rdiff',
        base: file('rootfs.squashfs', `image of ${from}`),
        target: file('rootfs.squashfs', `image of ${to}`),
        delta: file('rootfs.delta', 'd'),
        deltaCompressed: file('rootfs.delta.gz', 'z'),
      },
    ],
    swu: { ...file('x.swu', 'swu'), signed: 'cms', compress: 'gzip' },
    proof: [
      { check: 'delta-applies', result: 'pass', detail: 'rootfs' },
      { check: 'swu-opens', result: 'pass', detail: 'opens' },
      { check: 'librsync-applies', result: 'pass', detail: 'librsync' },
    ],
    recipe: 'recipe',
    files: [],
    tools: {},
    ...changes,
  };
}

export function plan(changes: Partial<Plan> = {}): Plan {
  return {
    file: '/project/plan.yml',
    dir: '/project',
    product: 'demo',
    machine: 'board',
    distro: 'prod',
    image: 'image',
    artifacts: '/project/artifacts',
    collect: [],
    partitions: [
      {
        name: 'rootfs',
        file: 'rootfs.squashfs',
        readOnly: true,
        target: { slots: { a: '/dev/a', b: '/dev/b' } },
        slotSizeBytes: 1024,
        versionFile: '/etc/buildinfo',
        delta: 'rdiff',
        type: 'block',
        update: 'if-changed',
      },
    ],
    swu: { ...SWU, boards: ['board'] },
    versions: ['0.1.0', '0.2.0', '0.3.0'].map((version) => ({
      version,
      tags: version === '0.3.0' ? [] : ['promoted'],
      kas: [],
    })),
    publish: [],
    deltas: [{ to: '0.3.0', from: { kind: 'tag', tag: 'promoted' }, engine: 'rdiff', maxShare: 0.7 }],
    commandTimeoutMs: 600_000,
    verifyDays: 30,
    prove: { install: true },
    ...changes,
  };
}
