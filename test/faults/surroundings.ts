/** Faults of what is around a run: where it writes its output, its TMPDIR, documents, helpers, the archive's disk. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { STAGING_PREFIX } from '../../src/io/atomic.ts';
import { openSealedJson, sealJson } from '../../src/text/json.ts';
import { filesBelow } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';
import { differences, snapshot, type Rig, runName } from './rig.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { arm, disarm } from './shim.js';
import { endOf, judgeArchive, judgeRerun, type Trial } from './trial.ts';

const BIN = fileURLToPath(new URL('../../src/bin.js', import.meta.url));
/** No run of the small product takes as long. */
const PATIENCE_MS = 180_000;

interface Ended {
  code: number | null;
  said: string;
}

/** A run of its own process. */
function runChild(
  rig: Rig,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  to: { stdout?: string; stderr?: string } = {},
) {
  const open = (path: string | undefined): number | 'pipe' => (path === undefined ? 'pipe' : openSync(path, 'w'));
  const [stdout, stderr] = [open(to.stdout), open(to.stderr)];
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: rig.product.dir,
    env,
    stdio: ['ignore', stdout, stderr],
    timeout: PATIENCE_MS,
  });
  for (const one of [stdout, stderr]) if (one !== 'pipe') closeSync(one);
  if (child.pid !== undefined) rig.runs.add(runName(child.pid));
  let said = '';
  for (const one of [child.stdout, child.stderr])
    one?.on('data', (chunk: Buffer) => void (said += chunk.toString('utf8')));
  return new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, said }));
  });
}

const namesPath = (said: string): boolean => /\/[^\s]+/.test(said.replaceAll(/https?:\S+/g, ''));

/** Results, messages or both to a device that takes nothing: the work is done, and only lost results are a failure. */
export function outputTrials(): Array<(rig: Rig) => Promise<Trial>> {
  return (['apply', 'gc', 'nightly'] as const).flatMap((name) =>
    [{ stdout: '/dev/full' }, { stderr: '/dev/full' }, { stdout: '/dev/full', stderr: '/dev/full' }].map(
      (to) => async (rig: Rig) => {
        const scenario = SCENARIOS[name];
        const end = await rig.after(scenario.from, scenario.command);
        rig.reset(scenario.from);
        const { code, said } = await runChild(rig, scenario.command, rig.env, to);
        const expected = to.stdout === undefined ? 0 : 5;
        return {
          name: `${Object.keys(to).join(' and ')} of ${scenario.command.join(' ')} to /dev/full`,
          injected: true,
          problems: [
            ...(code === expected ? [] : [`exit code ${code}, not ${expected}: ${said}`]),
            ...(to.stderr !== undefined || expected === 0 || said.includes('error[output-failed]')
              ? []
              : [`no reason: ${said}`]),
            ...differences(snapshot(rig.product), end).map((path) => `${path} is not as it should be`),
            ...(await judgeArchive(rig, scenario)),
          ],
        };
      },
    ),
  );
}

const VERIFY: Scenario = {
  from: 'done',
  command: ['verify', 'plan.yml', '--deep'],
  rerun: ['verify', 'plan.yml', '--deep'],
};

/** A TMPDIR of so many KiB. */
export function tmpdirTrials(): Array<(rig: Rig) => Promise<Trial>> {
  const trials: Array<[Scenario, number]> = [VERIFY, SCENARIOS.apply, SCENARIOS.nightly].flatMap((scenario) =>
    [4, 8, 16, 32, 64, 72, 128, 256].map((sizeKib): [Scenario, number] => [scenario, sizeKib]),
  );
  return trials.map(([scenario, sizeKib]) => async (rig) => {
    const name = `a TMPDIR of ${sizeKib} KiB for ${scenario.command.join(' ')}`;
    const end = await endOf(rig, scenario);
    rig.reset(scenario.from);
    const tmp = join(scratch('small-tmp'), 'tmp');
    mkdirSync(tmp);
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'tmpfs', tmp]).status !== 0)
      return { name, injected: false, problems: [] };
    try {
      const { code, said } = await runChild(rig, scenario.command, { ...rig.env, TMPDIR: tmp });
      const isFull = code === 5 && said.includes(tmp) && /\d+ bytes required/.test(said);
      return {
        name,
        injected: true,
        problems: [
          ...(code === 0 || isFull ? [] : [`exit code ${code}: ${said}`]),
          ...readdirSync(tmp).map((one) => `${one} is left in TMPDIR`),
          ...(await judgeArchive(rig, scenario)),
          ...(await judgeRerun(rig, scenario, end)),
        ],
      };
    } finally {
      spawnSync('umount', ['--lazy', tmp]);
    }
  });
}

/** What somebody might put in the place of a value. */
const HOSTILE: readonly unknown[] = [
  null,
  [],
  {},
  '',
  '../../../../tmp/outside',
  '/etc/passwd',
  '\u001b]52;c;YQ==\u0007\n::error::x',
  -1,
  Number.MAX_SAFE_INTEGER,
  true,
  'x'.repeat(100_000),
  JSON.parse(`${'['.repeat(90)}1${']'.repeat(90)}`),
];

/** Where values stand in a document: a path of keys for each. */
function placesIn(value: unknown, above: readonly string[] = []): string[][] {
  if (value === null || typeof value !== 'object') return [[...above]];
  return [
    ...(above.length === 0 ? [] : [[...above]]),
    ...Object.entries(value).flatMap(([key, one]) => placesIn(one, [...above, key])),
  ];
}

function replaced(document: object, place: readonly string[], by: unknown): object {
  const copy = structuredClone(document) as Record<string, unknown>;
  let at: Record<string, unknown> = copy;
  for (const key of place.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[place.at(-1) ?? ''] = by;
  return copy;
}

/** Documents of the archive that are sealed, and the registry, which is not. */
const DOCUMENTS = [
  '0.1.0/manifest.json',
  '0.2.0/updates/from_0.1.0/delta-info.json',
  'state.json',
  'reports/tolomeo-plan.json',
  '../../targets.json',
];

/** What reads documents; the nightly run, which changes things, last. */
const READERS = [
  ['plan', 'plan.yml'],
  ['report', 'plan.yml'],
  ['verify', 'plan.yml'],
  ['gc', 'plan.yml', '--dry-run'],
  ['targets', 'list', '--plan', 'plan.yml'],
  ['apply', 'plan.yml', '--nightly'],
];

const openedOf = (text: string): object => {
  const opened = openSealedJson(text);
  return 'problem' in opened ? (JSON.parse(text) as object) : opened.value;
};

/** Each value of each document in turn is something else, sealed as it has to be: told as damage, never a bug. */
export async function documentTrials(rig: Rig): Promise<Array<(rig: Rig) => Promise<Trial>>> {
  rig.reset('done');
  // So that there is a memory with a night in it.
  await rig.cli(['apply', 'plan.yml', '--nightly']);
  const texts = DOCUMENTS.map((name): [string, string] => [
    name,
    readFileSync(join(rig.product.archive, name), 'utf8'),
  ]);
  let turn = 0;
  return texts.flatMap(([name, text]) => {
    const isSealed = !('problem' in openSealedJson(text));
    const document = openedOf(text);
    return placesIn(document).flatMap((place) =>
      HOSTILE.map((value, index) => {
        const args = READERS[turn++ % READERS.length] ?? [];
        return async (one: Rig): Promise<Trial> => {
          one.reset('done');
          const state = texts.find(([other]) => other === 'state.json')?.[1] ?? '';
          writeFileSync(join(one.product.archive, 'state.json'), state);
          const altered = replaced(document, place, value);
          writeFileSync(join(one.product.archive, name), isSealed ? sealJson(altered) : JSON.stringify(altered));
          const outside = existsSync('/tmp/outside');
          const run = await one.cli(args);
          const said = run.stderr + run.stdout;
          const isLooking = args[0] !== 'apply';
          return {
            name: `${place.join('.')} of ${name} is hostile value ${index} for ${args.join(' ')}`,
            injected: true,
            problems: [
              ...([0, 1, 2, 4, 5].includes(run.exitCode) ? [] : [`exit code ${run.exitCode}: ${said.slice(0, 500)}`]),
              ...(run.exitCode !== 1 || args[0] === 'targets' ? [] : [`exit code 1: ${said.slice(0, 500)}`]),
              ...(said.includes('error[bug]') ? [`a bug: ${said.slice(0, 500)}`] : []),
              ...(!isLooking || filesBelow(one.product.archive).every((file) => !file.includes('release-plan-tmp'))
                ? []
                : ['unfinished files']),
              ...(!outside && existsSync('/tmp/outside') ? ['something was written outside'] : []),
              ...(said.includes('\u001b]52') ? ['an escape sequence reached the output'] : []),
            ],
          };
        };
      }),
    );
  });
}

/** Programs that a run starts for itself. */
const HELPERS = ['openssl', 'rdiff', 'libdeflate-gzip', 'unsquashfs', 'flock', 'swupdate', 'setpriv', 'git'];

/** A PATH on which each helper counts itself, and the n-th is killed. */
function killingPath(at: number): { path: string; calls: () => string[] } {
  const bin = scratch('helpers');
  const log = join(bin, 'log');
  writeFileSync(log, '');
  for (const name of HELPERS) {
    const found = spawnSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).stdout.trim();
    if (found === '') continue;
    writeFileSync(
      join(bin, name),
      `#!/bin/sh\necho ${name} >> '${log}'\n[ "$(wc -l < '${log}')" -ne ${at} ] || kill -KILL $$\nexec '${found}' "$@"\n`,
    );
    chmodSync(join(bin, name), 0o755);
  }
  return { path: `${bin}:${process.env.PATH}`, calls: () => readFileSync(log, 'utf8').split('\n').filter(Boolean) };
}

/** Each program that a run starts is killed in turn, as when memory runs out: exit 5, and the same command completes. */
export async function helperTrials(rig: Rig): Promise<Array<(rig: Rig) => Promise<Trial>>> {
  const scenario = SCENARIOS.apply;
  rig.reset(scenario.from);
  const counted = killingPath(0);
  await runChild(rig, scenario.command, { ...rig.env, PATH: counted.path });
  return counted.calls().map((_, index) => async (one: Rig): Promise<Trial> => {
    const end = await endOf(one, scenario);
    one.reset(scenario.from);
    const killing = killingPath(index + 1);
    const { code, said } = await runChild(one, scenario.command, { ...one.env, PATH: killing.path });
    const helper = killing.calls()[index];
    const name = `helper ${index + 1} (${helper ?? 'none'}) of ${scenario.command.join(' ')} is killed`;
    if (helper === undefined) return { name, injected: false, problems: [] };
    return {
      name,
      injected: true,
      problems: [
        ...(code === 5 || (code === 0 && differences(snapshot(one.product), end).length === 0)
          ? []
          : [`exit code ${code}: ${said}`]),
        ...(code === 0 || namesPath(said) || said.includes(helper) ? [] : [`neither path nor program: ${said}`]),
        ...(await judgeArchive(one, scenario)),
        ...(await judgeRerun(one, scenario, end)),
      ],
    };
  });
}

/** The archive on a disk of its own. @returns why there is none */
function mountArchive(rig: Rig): { root: string; disk: string } | undefined {
  const root = join(rig.product.dir, 'artifacts');
  const disk = join(rig.product.dir, 'disk');
  rmSync(disk, { recursive: true, force: true });
  renameSync(root, disk);
  mkdirSync(root);
  return spawnSync('mount', ['--bind', disk, root]).status === 0 ? { root, disk } : undefined;
}

function takeBack(rig: Rig): void {
  const root = join(rig.product.dir, 'artifacts');
  const disk = join(rig.product.dir, 'disk');
  while (spawnSync('umount', ['--lazy', root]).status === 0);
  if (!existsSync(disk)) return;
  rmSync(root, { recursive: true, force: true });
  renameSync(disk, root);
}

/** The archive's disk goes away before each call that changes something: exit 5, and nothing appears in its place. */
export async function mountTrials(rig: Rig): Promise<Array<(rig: Rig) => Promise<Trial>>> {
  const scenario = SCENARIOS.apply;
  rig.reset(scenario.from);
  arm({ roots: rig.roots, at: 0, fault: 'kill' });
  await rig.cli(scenario.command);
  const { seen } = disarm();
  return Array.from({ length: seen }, (_, index) => async (one: Rig): Promise<Trial> => {
    const end = await endOf(one, scenario);
    one.reset(scenario.from);
    const mounted = mountArchive(one);
    try {
      const name = `the archive vanishes at call ${index + 1} of ${scenario.command.join(' ')}`;
      if (mounted === undefined) return { name, injected: false, problems: [] };
      arm({ roots: one.roots, at: index + 1, fault: 'vanish', mount: mounted.root });
      const run = await one.cli(scenario.command);
      const { fired } = disarm();
      if (fired === undefined) return { name, injected: false, problems: [] };
      const appeared = readdirSync(mounted.root, { recursive: true, encoding: 'utf8' });
      execFileSync('mount', ['--bind', mounted.disk, mounted.root]);
      // What is unfinished on the disk that went away, the next run removes.
      const left = differences(snapshot(one.product), end).filter((path) => !path.includes(STAGING_PREFIX));
      const isDone = run.exitCode === 0 && left.length === 0;
      return {
        name: `${name}: ${fired.replaceAll(one.product.dir, '.')}`,
        injected: true,
        problems: [
          ...(run.exitCode === 5 || isDone ? [] : [`exit code ${run.exitCode}: ${run.stderr}`]),
          ...appeared.map((path) => `${path} appeared in the place of the archive`),
          ...(await judgeArchive(one, scenario)),
          ...(await judgeRerun(one, scenario, end)),
        ],
      };
    } finally {
      disarm();
      takeBack(one);
    }
  });
}
