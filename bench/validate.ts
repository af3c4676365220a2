/** How long a merge request waits for `validate`: plans of many versions, beside Node.js doing nothing. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Bench, BenchResult } from './bench.ts';
import { interleaved, medianOf } from './measure.ts';
import { program, releasePlan } from './programs.ts';
import { mebibytesOfKiB, ratio, seconds } from './table.ts';

const VERSIONS = [3, 200, 1000] as const;

/** Each run is short, and a busy machine delays some: the median of few would tell little. */
const FEWEST_ROUNDS = 15;

export const validateBench: Bench = {
  name: 'validate',
  about: 'validate on plans of 3, 200 and 1000 versions, beside `node -e 0`',
  async run(settings): Promise<BenchResult> {
    const measured = [];
    for (const versions of VERSIONS) {
      settings.note(`validate: ${versions} versions`);
      const plan = join(settings.workDir, 'plan.yml');
      writeFileSync(plan, planOf(versions));
      const runs = await interleaved(
        { node: program(process.execPath, '-e', '0'), validate: releasePlan('validate', '--no-files', plan) },
        Math.max(settings.rounds, FEWEST_ROUNDS),
        settings.workDir,
      );
      measured.push({ versions, node: medianOf(runs.node), validate: medianOf(runs.validate), runs });
    }
    const release = measured.find(({ versions }) => versions === 200);
    const wallMs = release?.validate.wallMs ?? Number.NaN;
    const ownMs = wallMs - (release?.node.wallMs ?? Number.NaN);
    return {
      tables: [
        {
          title: 'Validation',
          columns: ['versions', 'validate', '`node -e 0`', 'ratio', 'CPU', 'CPU of `node -e 0`', 'memory'],
          rows: measured.map(({ versions, node, validate }) => [
            String(versions),
            seconds(validate.wallMs),
            seconds(node.wallMs),
            ratio(validate.wallMs / node.wallMs),
            seconds(validate.cpuMs),
            seconds(node.cpuMs),
            mebibytesOfKiB(validate.peakKiB),
          ]),
        },
      ],
      judgements: [
        {
          target: 'a plan of 200 versions is validated within half a second',
          measured: seconds(wallMs),
          reached: wallMs <= 500,
        },
        {
          target: "and most of it is Node.js's own start",
          measured: `${seconds(wallMs - ownMs)} of ${seconds(wallMs)}`,
          reached: ownMs < wallMs / 2,
        },
      ],
      data: measured,
    };
  },
};

/** A plan as a product has after some years: every version with a tag, a delta rule for every second. */
function planOf(count: number): string {
  const versions = Array.from({ length: count }, (_, index) => `${Math.floor(index / 20)}.${index % 20}.0`);
  return stringify({
    schema: 1,
    product: 'demo',
    machine: 'board',
    distro: 'prod',
    image: 'image',
    kas: { config: 'kas/product.yml', buildinfo: 'buildinfo' },
    artifacts: 'artifacts',
    partitions: [
      {
        name: 'rootfs',
        file: 'rootfs.squashfs',
        read_only: true,
        slots: { a: '/dev/a', b: '/dev/b' },
        slot_size: '512MiB',
        version_file: '/etc/buildinfo',
        delta: 'rdiff',
      },
    ],
    swu: { hardware: ['1.0'] },
    versions: versions.map((version) => ({ version, tags: ['promoted'] })),
    deltas: versions
      .slice(1)
      .filter((_, index) => index % 2 === 0)
      .map((to) => ({ to, from: { previous: 1 }, engine: 'rdiff' })),
    signing: { method: 'cms', key: '${SWU_KEY}', cert: 'keys/cert.pem', public: 'keys/cert.pem' },
  });
}
