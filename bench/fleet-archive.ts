/** 300 archived versions, for benches of fleets. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestBytes } from '../src/io/hash.ts';
import { encodeSignatureHeader } from '../src/rdiff/signature-format.ts';
import { sealJson } from '../src/text/json.ts';
import { manifest } from '../test/support/manifests.ts';
import type { BenchSettings } from './bench.ts';

/** Archived versions. */
export const VERSIONS = 300;

/** As of an ext4 of 1.3 GB: blocks of its root, sums of 32 bytes. */
const BLOCK_BYTES = 36_224;
const BLOCKS = 36_000;
export const IMAGE_BYTES = BLOCK_BYTES * BLOCKS;
const ENTRY_BYTES = 36;

/** Blocks that are new in each version. */
const NEW_BLOCKS = 100;

/** The version at a place, from 0. */
export const versionOf = (at: number): string => `0.${at}.0`;

/**
 * An archive of versions whose images are holes, with signatures of full size; and the registry that names them. Made on the first
 * call and kept.
 */
export function fleetArchive(settings: BenchSettings): string {
  const dir = join(settings.cacheDir, `suggest-${VERSIONS}`);
  if (existsSync(dir)) return dir;
  settings.note(`making ${VERSIONS} signatures of ${BLOCKS} blocks`);
  const made = `${dir}.part`;
  rmSync(made, { recursive: true, force: true });
  const header = encodeSignatureHeader({
    strong: 'blake2',
    weak: 'rabinkarp',
    blockBytes: BLOCK_BYTES,
    strongBytes: 32,
  });
  const sums = randomBytes(BLOCKS * ENTRY_BYTES);
  const targets: Record<string, object> = {};
  for (let at = 0; at < VERSIONS; at += 1) {
    const version = versionOf(at);
    const folder = join(made, 'artifacts/board/image', version);
    mkdirSync(folder, { recursive: true });
    for (let block = 0; block < NEW_BLOCKS; block += 1)
      randomBytes(ENTRY_BYTES).copy(sums, ((at * NEW_BLOCKS + block) % BLOCKS) * ENTRY_BYTES);
    const signature = Buffer.concat([header, sums]);
    writeFileSync(join(folder, 'rootfs.signature'), signature);
    writeFileSync(join(folder, 'rootfs.ext4'), '');
    truncateSync(join(folder, 'rootfs.ext4'), IMAGE_BYTES);
    const image = { path: 'rootfs.ext4', role: 'image', partition: 'rootfs', sizeBytes: IMAGE_BYTES } as const;
    const files = [
      { ...image, sha256: digestBytes(version).sha256 },
      { path: 'rootfs.signature', role: 'signature', partition: 'rootfs', ...digestBytes(signature) } as const,
    ];
    writeFileSync(join(folder, 'manifest.json'), sealJson(manifest(version, { files })));
    const custom = { version, name: 'board-image', tags: [], hardwareIds: ['board'], targetFormat: 'SWUPDATE' };
    targets[`board-image-${version}`] = { hashes: { sha256: digestBytes(version).sha256 }, length: 1, custom };
  }
  const registry = { signatures: [], signed: { _type: 'Targets', version: 1, targets } };
  writeFileSync(join(made, 'artifacts/targets.json'), JSON.stringify(registry));
  writeFileSync(join(made, 'base.yml'), 'header: { version: 14 }\n');
  renameSync(made, dir);
  return dir;
}

/** A plan of that archive. @param fleet as the plan says it, in one line of YAML */
export const planFor = (fleet: string): string => `schema: 1
product: demo
machine: board
distro: prod
image: image
fleet: ${fleet}
partitions:
  - name: rootfs
    file: rootfs.ext4
    read_only: true
    slots: { a: /dev/a, b: /dev/b }
    slot_size: 2GiB
    version_file: /etc/buildinfo
    delta: rdiff
swu: { hardware: ["1.0"] }
kas: { config: base.yml }
versions: [{ version: "0.299.0" }]
`;
