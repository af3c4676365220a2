/** `targets suggest` on 300 archived versions and a million devices: how long it takes, and how far its estimates are off. */
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { digestBytes } from '../src/io/hash.ts';
import { encodeSignatureHeader } from '../src/rdiff/signature-format.ts';
import { sealJson } from '../src/text/json.ts';
import { manifest } from '../test/support/manifests.ts';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { interleaved, medianOf } from './measure.ts';
import { releasePlan } from './programs.ts';
import { measureErrors } from './suggest-error.ts';
import { mebibytesOfKiB, seconds } from './table.ts';

/** Archived versions. */
export const VERSIONS = 300;
const DEVICES = 1_000_000;

/** As of an ext4 of 1.3 GB: blocks of its root, sums of 32 bytes. */
const BLOCK_BYTES = 36_224;
const BLOCKS = 36_000;
const IMAGE_BYTES = BLOCK_BYTES * BLOCKS;
const ENTRY_BYTES = 36;

/** Blocks that are new in each version. */
const NEW_BLOCKS = 100;

/** Issue 15. */
const TIME_LIMIT_MS = 5000;

/** The version at a place, from 0. */
export const versionOf = (at: number): string => `0.${at}.0`;

/** An archive of versions whose images are holes, with signatures of full size; and the registry that names them. */
export function archive(settings: BenchSettings): string {
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
  renameSync(made, dir);
  return dir;
}

/** Devices on all versions, most on the newest. */
function fleetFile(dir: string, devices: number): string {
  const path = join(dir, `fleet-${devices}.ndjson`);
  if (existsSync(path)) return path;
  const fd = openSync(`${path}.part`, 'w');
  let text = '';
  for (let at = 0; at < devices; at += 1) {
    const version = at < VERSIONS ? at : Math.floor(VERSIONS * Math.sqrt(((at * 7919) % devices) / devices));
    text += `{"uuid":"device-${at}","tag":"promoted","version":"${versionOf(version)}","hardware-id":"board"}\n`;
    if (text.length < 1_000_000) continue;
    writeSync(fd, text);
    text = '';
  }
  writeSync(fd, text);
  closeSync(fd);
  renameSync(`${path}.part`, path);
  return path;
}

/** @param fleet as the plan says it, in one line of YAML */
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

export const suggestBench: Bench = {
  name: 'suggest',
  about: `which of ${VERSIONS} versions are worth a delta, for a million devices`,
  async run(settings): Promise<BenchResult> {
    const dir = archive(settings);
    writeFileSync(join(dir, 'base.yml'), 'header: { version: 14 }\n');
    const fleets = { 'a million devices': DEVICES, 'a device on each': VERSIONS };
    const programs = Object.fromEntries(
      Object.entries(fleets).map(([name, devices]) => {
        const plan = join(dir, `plan-${devices}.yml`);
        fleetFile(dir, devices);
        writeFileSync(plan, planFor(`fleet-${devices}.ndjson`));
        const to = versionOf(VERSIONS - 1);
        return [name, releasePlan('targets', 'suggest', to, '--max', '20', '--plan', plan)];
      }),
    );
    const measured = await interleaved(programs, settings.rounds, settings.workDir);
    const rows = Object.entries(measured).map(([name, runs]) => ({ name, runs, ...medianOf(runs) }));
    // What is left of a fleet once it was read are counts by version, which a small fleet has as well.
    const afterMs = rows.find(({ name }) => name === 'a device on each')?.cpuMs ?? Infinity;
    const errors = await measureErrors(settings);
    return {
      tables: [
        {
          title: `targets suggest: ${VERSIONS} versions of ${Math.round(IMAGE_BYTES / 1e6)} MB, whole process`,
          columns: ['fleet', 'time', 'processor', 'memory'],
          rows: rows.map((one) => [one.name, seconds(one.wallMs), seconds(one.cpuMs), mebibytesOfKiB(one.peakKiB)]),
        },
        errors.table,
      ],
      judgements: [
        {
          target: 'issue 15: within 5 s after the fleet was read',
          measured: `${seconds(afterMs)} of processor time, with start and a fleet of ${VERSIONS} rows`,
          reached: afterMs <= TIME_LIMIT_MS,
        },
      ],
      data: { rows, errors: errors.rows },
    };
  },
};
