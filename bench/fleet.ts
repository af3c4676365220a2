/** A synthetic fleet: which deltas a million devices on 300 versions require, from file to answer. */
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Bench, BenchResult, BenchSettings } from './bench.ts';
import { interleaved, medianOf, type Measurement } from './measure.ts';
import { releasePlan } from './programs.ts';
import { mebibytesOfKiB, ratio, seconds } from './table.ts';

const VERSIONS = 300;
const SIZES = [250_000, 1_000_000] as const;
const FORMS = ['json', 'ndjson', 'csv'] as const;

/** Issue 4: time linear in devices, memory bounded. */
const TIME_LIMIT = 1.25;
const MEMORY_LIMIT = 1.25;

type Form = (typeof FORMS)[number];

interface Measured extends Measurement {
  form: Form;
  devices: number;
  runs: Measurement[];
}

/** A device as GET /ota/devices/ gives it, all fields; hash by version. */
function device(at: number, hashes: readonly string[]): Record<string, unknown> {
  const version = (at * 7919) % VERSIONS;
  return {
    'uuid': `5f1c9a6e-0000-4000-8000-${String(at).padStart(12, '0')}`,
    'name': `device-${at}`,
    'owner': '5e8b0c',
    'factory': 'acme',
    'device-group': null,
    'last-seen': '2026-11-20T10:00:00+00:00',
    'ostree-hash': hashes[version],
    'lmp-ver': '4.0.20-2-94',
    'docker-apps': ['shellhttpd'],
    'tag': at % 4 === 0 ? 'master' : 'promoted',
    'target-name': `pi-lmp-${version + 1}`,
    'status': 'OK',
    'current-update': '',
    'up-to-date': false,
    'is-prod': at % 2 === 0,
    'is-wave': false,
    'hardware-info': { id: 'pi', cores: 4 },
    'network-info': { hostname: `device-${at}`, mac: 'aa:bb:cc:dd:ee:ff', local_ipv4: '10.0.0.3' },
    'secondary-ecus': [],
  };
}

const COLUMNS = ['uuid', 'name', 'tag', 'target-name', 'ostree-hash', 'last-seen', 'is-prod'];

const FORM: Record<
  Form,
  { head: string; row(one: Record<string, unknown>): string; between: string; tail(count: number): string }
> = {
  json: {
    head: '{"devices":[\n',
    row: (one) => JSON.stringify(one),
    between: ',\n',
    tail: (count) => `],"total":${count},"next":null}\n`,
  },
  ndjson: { head: '', row: (one) => JSON.stringify(one), between: '\n', tail: () => '\n' },
  csv: {
    head: `${COLUMNS.join(',')}\n`,
    row: (one) => COLUMNS.map((name) => String(one[name])).join(','),
    between: '\n',
    tail: () => '\n',
  },
};

function fleetFile(settings: BenchSettings, form: Form, count: number, hashes: readonly string[]): string {
  const path = join(settings.cacheDir, `fleet-${count}.${form}`);
  if (existsSync(path)) return path;
  settings.note(`making ${count} devices as ${form}`);
  const fd = openSync(`${path}.part`, 'w');
  const { head, row, between, tail } = FORM[form];
  let text = head;
  for (let at = 0; at < count; at += 1) {
    text += `${at === 0 ? '' : between}${row(device(at, hashes))}`;
    if (text.length > 1_000_000) {
      writeSync(fd, text);
      text = '';
    }
  }
  writeSync(fd, text + tail(count));
  closeSync(fd);
  renameSync(`${path}.part`, path);
  return path;
}

/** A repository of as many real commits, and the registry that names them. */
function repository(settings: BenchSettings): { dir: string; hashes: string[] } {
  const dir = join(settings.cacheDir, `fleet-${VERSIONS}-versions`);
  const registry = join(dir, 'targets.json');
  if (!existsSync(registry)) makeRepository(dir, registry, settings);
  const { signed } = JSON.parse(readFileSync(registry, 'utf8')) as {
    signed: { targets: Record<string, { hashes: { sha256: string } }> };
  };
  return { dir, hashes: Object.values(signed.targets).map((one) => one.hashes.sha256) };
}

function makeRepository(dir: string, registry: string, settings: BenchSettings): void {
  settings.note(`making ${VERSIONS} commits`);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(join(dir, 'tree/usr'), { recursive: true });
  const ostree = (...args: string[]): string =>
    execFileSync('ostree', [`--repo=${join(dir, 'repo')}`, ...args], { encoding: 'utf8' }).trim();
  mkdirSync(join(dir, 'repo'));
  ostree('init', '--mode=archive');
  const targets: Record<string, object> = {};
  for (let version = 1; version <= VERSIONS; version += 1) {
    writeFileSync(join(dir, 'tree/usr/version'), `${version}\n`);
    const sha256 = ostree(
      'commit',
      '--branch=pi',
      `--tree=dir=${join(dir, 'tree')}`,
      '--no-xattrs',
      '--timestamp=2026-01-01T00:00:00Z',
    );
    targets[`pi-lmp-${version}`] = {
      hashes: { sha256 },
      length: 0,
      custom: {
        version: String(version),
        name: 'pi-lmp',
        tags: version === VERSIONS ? ['master'] : [],
        hardwareIds: ['pi'],
        targetFormat: 'OSTREE',
      },
    };
  }
  writeFileSync(registry, JSON.stringify({ signatures: [], signed: { _type: 'Targets', version: 1, targets } }));
}

export const fleetBench: Bench = {
  name: 'fleet',
  about: 'a million devices on 300 versions: which deltas they require',
  async run(settings): Promise<BenchResult> {
    const { dir, hashes } = repository(settings);
    const measured: Measured[] = [];
    for (const form of FORMS) {
      for (const devices of SIZES) {
        const plan = join(dir, `plan-${form}-${devices}.yml`);
        writeFileSync(
          plan,
          'schema: 1\nproduct: pi\nmachine: pi\ndistro: lmp\nimage: lmp\nostree: { repo: repo, branch: pi ' +
            `}\ntargets: targets.json\nfleet: ../fleet-${devices}.${form}\n`,
        );
        fleetFile(settings, form, devices, hashes);
        settings.note(`${devices} devices as ${form}`);
        const { it } = await interleaved(
          {
            it: releasePlan(
              'targets',
              'static-deltas',
              String(VERSIONS),
              '--by-tag',
              'promoted',
              '--dry-run',
              '--plan',
              plan,
            ),
          },
          Math.min(2, settings.rounds),
          settings.workDir,
        );
        measured.push({ form, devices, ...medianOf(it), runs: it });
      }
    }
    return {
      tables: [
        {
          title: `Fleet: devices on ${VERSIONS} versions, from file to answer, whole process`,
          columns: ['form', 'devices', 'time', 'processor', 'per device', 'memory'],
          rows: measured.map((one) => [
            one.form,
            String(one.devices),
            seconds(one.wallMs),
            seconds(one.cpuMs),
            `${((1000 * one.cpuMs) / one.devices).toFixed(1)} us`,
            mebibytesOfKiB(one.peakKiB),
          ]),
        },
      ],
      judgements: FORMS.flatMap((form) => {
        const [small, large] = measured.filter((one) => one.form === form);
        if (small === undefined || large === undefined) return [];
        // Processor time: another process on the machine is no fault of ours.
        const time = large.cpuMs / large.devices / (small.cpuMs / small.devices);
        const memory = large.peakKiB / small.peakKiB;
        return [
          {
            target: `issue 4: time linear in devices (${form})`,
            measured: `${ratio(time)} per device of ${SIZES[0]}`,
            reached: time <= TIME_LIMIT,
          },
          {
            target: `issue 4: memory bounded (${form})`,
            measured: `${ratio(memory)} of ${SIZES[0]} devices`,
            reached: memory <= MEMORY_LIMIT,
          },
        ];
      }),
      data: measured,
    };
  },
};
