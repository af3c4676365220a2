/** An archive written by hand: whole by its manifests, without a build. For tests that only read. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { digestBytes } from '../../src/io/hash.ts';
import { sealJson } from '../../src/text/json.ts';
import type { ArchivedFile, DeltaInfo, VersionManifest } from '../../src/core/archive.ts';
import { deltaInfo, manifest } from './manifests.ts';

export interface HandMade {
  dir: string;
  /** Rewrites the plan. */
  write(changes?: Record<string, unknown>): void;
  /** Folder of a version. */
  version(version: string): string;
  /** Folder of an update. */
  update(from: string, to: string): string;
  /** Archives a version. */
  archive(version: string, changes?: Partial<VersionManifest>): void;
  /** Archives an update, whose one file is its .swu. */
  archiveUpdate(from: string, to: string, changes?: Partial<DeltaInfo>): void;
}

/** A plan of the product `demo` with the versions 0.1.0 to 0.3.0, and an empty archive, in a folder. */
export function handMade(dir: string): HandMade {
  const version = (name: string): string => join(dir, 'artifacts/board/image', name);
  const update = (from: string, to: string): string => join(version(to), 'updates', `from_${from}`);
  const made: HandMade = {
    dir,
    version,
    update,
    write(changes = {}) {
      writeFileSync(
        join(dir, 'plan.yml'),
        stringify({
          schema: 1,
          product: 'demo',
          machine: 'board',
          distro: 'prod',
          image: 'image',
          kas: { config: 'base.yml' },
          partitions: [
            {
              name: 'rootfs',
              file: 'rootfs.squashfs',
              read_only: true,
              slots: { a: '/dev/a', b: '/dev/b' },
              slot_size: 1024,
              version_file: '/etc/buildinfo',
              delta: 'rdiff',
            },
          ],
          swu: { hardware: ['1.0'] },
          versions: [
            { version: '0.1.0', tags: ['promoted'] },
            { version: '0.2.0', tags: ['promoted'] },
            { version: '0.3.0' },
          ],
          deltas: [{ to: '0.3.0', from: { tag: 'promoted' } }],
          signing: { method: 'rsa', key: '${SWU_KEY}' },
          ...changes,
        }),
      );
    },
    archive(name, changes = {}) {
      mkdirSync(version(name), { recursive: true });
      writeFileSync(join(version(name), 'rootfs.squashfs'), `image of ${name}`);
      writeFileSync(join(version(name), 'manifest.json'), sealJson(manifest(name, changes)));
    },
    archiveUpdate(from, to, changes = {}) {
      mkdirSync(update(from, to), { recursive: true });
      writeFileSync(join(update(from, to), 'x.swu'), 'swu');
      const files: ArchivedFile[] = [{ path: 'x.swu', role: 'swu', ...digestBytes('swu') }];
      writeFileSync(join(update(from, to), 'delta-info.json'), sealJson(deltaInfo(from, to, { files, ...changes })));
    },
  };
  made.write();
  writeFileSync(join(dir, 'base.yml'), 'header: { version: 14 }\n');
  return made;
}
