/** A big archive: what it takes to look at it when it was read before, and to read it whole. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ReadLedger } from '../src/archive/ledger.ts';
import { memoryFile, writeMemory } from '../src/archive/memory.ts';
import { surveyArchive } from '../src/archive/survey.ts';
import { requirePlan } from '../src/plan/load.ts';
import { vouchFor } from '../src/delivery/swupdate/vouched.ts';
import { digestBytes } from '../src/io/hash.ts';
import { sealJson } from '../src/text/json.ts';
import { handMade } from '../test/support/archive.ts';
import { manifest } from '../test/support/manifests.ts';
import { makeKeys } from '../test/support/signing.ts';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { interleaved, medianOf } from './measure.ts';
import { releasePlan } from './programs.ts';
import { mebibytesOfKiB, seconds } from './table.ts';

const VERSIONS = 300;
/** 300 of them are 102 GB. */
const IMAGE_BYTES = 325 * 1024 * 1024;
/** What is read whole: enough for a rate. */
const READ_VERSIONS = 16;

const versionAt = (index: number): string => `1.${index}.0`;

/** sha256 of so many zeros: the images are sparse. */
function digestOfZeros(sizeBytes: number): { sizeBytes: number; sha256: string } {
  const zeros = Buffer.alloc(1024 * 1024);
  const hash = createHash('sha256');
  for (let done = 0; done < sizeBytes; done += zeros.length) hash.update(zeros);
  return { sizeBytes, sha256: hash.digest('hex') };
}

/** A product with signed versions and an update from each to the newest, all of them remembered as read. */
async function bigArchive(dir: string, versions: number, settings: BenchSettings): Promise<string> {
  const planFile = join(dir, 'plan.yml');
  const keys = makeKeys('bench-archive').dir;
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  settings.note(`making an archive of ${versions} versions`);
  const made = handMade(dir);
  const newest = versionAt(versions - 1);
  made.write({
    versions: Array.from({ length: versions }, (_, index) => ({ version: versionAt(index) })),
    deltas: [{ to: newest, from: { range: `<${newest}` } }],
    signing: { method: 'rsa', key: join(keys, 'rsa.pem'), public: join(keys, 'rsa.pub.pem') },
  });
  const { plan } = await requirePlan('plan.yml', { cwd: dir });
  const image = digestOfZeros(IMAGE_BYTES);
  for (let index = 0; index < versions; index += 1) {
    const version = versionAt(index);
    const folder = made.version(version);
    const small = ['build-info.txt', 'kas-lock.json', 'rootfs.signature'].map((path) => ({
      path,
      ...digestBytes(path),
    }));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'rootfs.squashfs'), '');
    truncateSync(join(folder, 'rootfs.squashfs'), IMAGE_BYTES);
    for (const { path } of small) writeFileSync(join(folder, path), path);
    const text = sealJson(
      manifest(version, {
        files: [
          { path: 'rootfs.squashfs', role: 'image', partition: 'rootfs', ...image },
          ...small.map((one) => ({ role: 'collected' as const, ...one })),
        ],
      }),
    );
    writeFileSync(join(folder, 'manifest.json'), text);
    const vouch = vouchFor(plan, version, { env: process.env, signal: new AbortController().signal });
    writeFileSync(join(folder, 'manifest.json.sig'), (await vouch?.(digestBytes(text).sha256)) ?? '');
    if (version !== newest) made.archiveUpdate(version, newest);
  }
  const ledger = new ReadLedger(plan, {}, new Date());
  const names = plan.versions.map((one) => one.version);
  const pairs = names.filter((one) => one !== newest).map((from) => ({ from, to: newest }));
  await surveyArchive(plan, { versions: names, pairs, fulls: [] }, ledger.readingMade());
  await writeMemory(plan, { files: ledger.entries(), nights: {} });
  if (!existsSync(memoryFile(plan))) throw new Error('nothing is remembered');
  return planFile;
}

export const archiveBench: Bench = {
  name: 'archive',
  about: `an archive of ${VERSIONS} versions and 102 GB: looking at it, and reading it`,
  async run(settings): Promise<BenchResult> {
    const big = await bigArchive(join(settings.workDir, 'big'), VERSIONS, settings);
    const part = await bigArchive(join(settings.workDir, 'part'), READ_VERSIONS, settings);
    const { plan: partPlan } = await requirePlan('plan.yml', { cwd: join(settings.workDir, 'part') });
    rmSync(memoryFile(partPlan));
    settings.note('looking and reading');
    const found = await interleaved(
      {
        plan: releasePlan('plan', big),
        read: releasePlan('plan', part),
      },
      settings.rounds,
      settings.workDir,
    );
    const [plan, read] = [medianOf(found.plan), medianOf(found.read)];
    const readBytes = READ_VERSIONS * IMAGE_BYTES;
    const rate = `${(readBytes / 1e9 / (read.wallMs / 1000)).toFixed(2)} GB/s`;
    return {
      tables: [
        {
          title: `${VERSIONS} versions, ${VERSIONS - 1} updates, ${((VERSIONS * IMAGE_BYTES) / 1e9).toFixed(0)} GB (sparse)`,
          columns: ['command', 'wall', 'processor', 'memory', 'read'],
          rows: [
            [
              '`plan`, read before',
              seconds(plan.wallMs),
              seconds(plan.cpuMs),
              mebibytesOfKiB(plan.peakKiB),
              'manifests',
            ],
            [
              `\`plan\` of ${READ_VERSIONS} versions, never read`,
              seconds(read.wallMs),
              seconds(read.cpuMs),
              mebibytesOfKiB(read.peakKiB),
              `${(readBytes / 1e9).toFixed(1)} GB, ${rate}`,
            ],
          ],
        },
      ],
      judgements: [
        {
          target: '`plan` of 300 versions and 100 GB that were read before: under 2 s',
          measured: seconds(plan.wallMs),
          reached: plan.wallMs < 2000,
        },
      ],
      data: { found },
    };
  },
};
