/**
 * What faults are tried on: a small product, ready to archive a version and to make an update, put back before each
 * trial.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { product, type CliResult, type Product } from '../support/product.ts';
import { scratch } from '../support/scratch.ts';
import { STAGING_PREFIX } from '../../src/io/atomic.ts';
import { IDENTITY } from '../../src/archive/identity.ts';
import { openSealedJson } from '../../src/text/json.ts';
import { SCRATCH_PREFIX } from '../../src/io/scratch.ts';
import {
  COMMAND,
  WHOLE_COMMAND,
  copyChanging,
  leaveToMend,
  leaveToTidy,
  writeGcPlan,
  type State,
} from './scenarios.ts';

export { COMMAND, WHOLE_COMMAND };

/** Where private keys lie while openssl runs. */
const KEY_MEMORY = '/dev/shm';

export interface Rig {
  product: Product;
  /** TMPDIR of all runs. */
  tmp: string;
  env: NodeJS.ProcessEnv;
  /** What calls have to begin with to count as the run's own. */
  roots: string[];
  /** Puts everything as it is in a state; when kas had built 0.2.0 and nothing more unless given. */
  reset(to?: State): void;
  /** Runs the command line in this process, as bin.js does. */
  cli(args: readonly string[]): Promise<CliResult>;
  /**
   * Who ran and has ended: nothing of theirs may be left in memory. This process's own goes when it ends, or with the
   * next run.
   */
  runs: Set<string>;
  /** The archive when `apply` went undisturbed. */
  reference: ReadonlyMap<string, string>;
  /** The archive as it is when a command has ended undisturbed, from a state. */
  after(from: State, command: readonly string[]): Promise<ReadonlyMap<string, string>>;
}

/** Makes the product and lets one run go undisturbed. */
export async function makeRig(name: string): Promise<Rig> {
  const subject = smallProduct(name);
  const tmp = scratch(`${name}-tmp`);
  const kept = scratch(`${name}-kept`);
  // Times would differ from run to run, and so would every byte that depends on them.
  const env = { ...process.env, TMPDIR: tmp, SOURCE_DATE_EPOCH: '1700000000' };
  const cli = await inProcess(subject.dir, env);
  const keep = (state: State): void => copyChanging(subject.dir, join(kept, state));
  subject.edit((plan) => void (plan.versions = [{ version: '0.1.0', tags: ['promoted'] }]));
  subject.edit((plan) => void (plan.deltas = []));
  requireOk(await cli(['apply', 'plan.yml', '--only', 'build,archive']));
  keep('first');
  subject.edit((plan) => void (plan.versions = [{ version: '0.1.0', tags: ['promoted'] }, { version: '0.2.0' }]));
  subject.edit((plan) => void (plan.deltas = [{ to: '0.2.0', from: { tag: 'promoted' }, engine: 'rdiff' }]));
  writeGcPlan(subject);
  requireOk(await cli(['apply', 'plan.yml', '--only', 'build']));
  keep('built');
  requireOk(await cli(COMMAND));
  keep('done');
  const reset = (to: State = 'built'): void => {
    const isMade = to === 'to-tidy' || to === 'to-mend';
    copyChanging(join(kept, isMade ? 'done' : to), subject.dir);
    if (to === 'to-tidy') leaveToTidy(subject);
    if (to === 'to-mend') leaveToMend(subject);
    for (const one of readdirSync(tmp)) rmSync(join(tmp, one), { recursive: true, force: true });
    for (const one of keysOf(new Set([runName(process.pid)])))
      rmSync(join(KEY_MEMORY, one), { recursive: true, force: true });
  };
  const ends = new Map<string, ReadonlyMap<string, string>>();
  const after = async (from: State, command: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    const key = [from, ...command].join(' ');
    const known = ends.get(key);
    if (known !== undefined) return known;
    reset(from);
    requireOk(await cli(command));
    const end = snapshot(subject);
    ends.set(key, end);
    return end;
  };
  return {
    product: subject,
    tmp,
    env,
    roots: [subject.dir, tmp, join(KEY_MEMORY, SCRATCH_PREFIX)],
    reset,
    cli,
    runs: new Set(),
    reference: snapshot(subject),
    after,
  };
}

function smallProduct(name: string): Product {
  const subject = product(name, 1);
  // rsa signs equal bytes alike; cms would put the time in.
  subject.edit(
    (plan) =>
      void (plan.signing = {
        method: 'rsa',
        key: join(subject.keys, 'rsa.pem'),
        public: join(subject.keys, 'rsa.pub.pem'),
      }),
  );
  return subject;
}

function requireOk(run: CliResult): void {
  if (run.exitCode !== 0) throw new Error(`an undisturbed run ended with ${run.exitCode}: ${run.stderr}`);
}

type Main = (argv: readonly string[]) => Promise<number>;

/**
 * Runs the built program in this process: a trial costs no start of Node.js, and a lock or a file that a failed run
 * keeps shows in the next.
 */
async function inProcess(cwd: string, env: NodeJS.ProcessEnv): Promise<Rig['cli']> {
  const { main } = (await import(new URL('../../dist/cli.js', import.meta.url).href)) as { main: Main };
  return async (args) => {
    const before = { cwd: process.cwd(), env: process.env, out: process.stdout.write, err: process.stderr.write };
    const said = { stdout: '', stderr: '' };
    const into = (name: keyof typeof said) =>
      ((chunk: string | Uint8Array) => {
        said[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
        return true;
      }) as typeof process.stdout.write;
    process.chdir(cwd);
    // os.tmpdir() asks the system, not the object that stands for its environment.
    const tmp = before.env.TMPDIR;
    before.env.TMPDIR = env.TMPDIR;
    process.env = { ...env };
    process.stdout.write = into('stdout');
    process.stderr.write = into('stderr');
    try {
      return { exitCode: await main(args), ...said };
    } finally {
      process.chdir(before.cwd);
      process.env = before.env;
      if (tmp === undefined) delete process.env.TMPDIR;
      else process.env.TMPDIR = tmp;
      process.stdout.write = before.out;
      process.stderr.write = before.err;
    }
  };
}

/**
 * Every file and folder of the archive, reports and registry among them, with mode and content; who holds a lock is not
 * part of it.
 */
export function snapshot({ dir }: Product): Map<string, string> {
  const archive = join(dir, 'artifacts');
  const found = new Map<string, string>();
  for (const path of below(archive)) {
    // The id of an archive is its own.
    if (path.endsWith('.lock') || path.startsWith(IDENTITY)) continue;
    // A run's record is of that run: one that was disturbed takes another time, and leaves one or two.
    if (/\/reports\/[^/]+\/\d+T\d+Z\.json$/.test(path)) continue;
    const full = join(archive, path);
    // A memory without nights spares reading, no more: a run that could not write it is none the worse.
    if (path.endsWith('state.json') && contentOf(full) === '{}') continue;
    const { mode } = statSync(full);
    // A batch is named by its time; one that was begun by a killed run may be ended in another.
    found.set(
      path.replace(/\.trash\/\d+T\d+Z/, '.trash/TIME'),
      `${mode.toString(8)} ${statSync(full).isFile() ? createHash('sha256').update(contentOf(full)).digest('hex') : ''}`,
    );
  }
  return found;
}

/**
 * The registry counts how often it was rewritten, as TUF demands. Nights remember when they were, and which files they
 * read: two read more than one.
 */
function contentOf(path: string): string {
  const text = readFileSync(path, 'latin1');
  if (path.endsWith('.html')) return text.replace(/<section id="runs".*?<\/section>|<dl class="tiles">.*?<\/dl>/gs, '');
  if (path.endsWith('targets.json')) return text.replace(/"version": \d+/, '');
  if (!path.endsWith('state.json')) return text;
  const opened = openSealedJson(text);
  return 'problem' in opened ? opened.problem : JSON.stringify(opened.value.nights).replaceAll(/"ranAt":"[^"]*"/g, '');
}

/** Paths that differ between two snapshots. */
export function differences(found: ReadonlyMap<string, string>, expected: ReadonlyMap<string, string>): string[] {
  return [...new Set([...found.keys(), ...expected.keys()])]
    .filter((path) => found.get(path) !== expected.get(path))
    .sort();
}

/** What an unfinished run left and nobody will read: in the product's folder, in TMPDIR, among the keys. */
export function leftovers({ product: { dir }, tmp, runs }: Rig): string[] {
  return [...below(dir).filter((path) => path.includes(STAGING_PREFIX)), ...readdirSync(tmp), ...keysOf(runs)];
}

/** The private folders of these processes: somebody else on this machine may be signing, too. */
function keysOf(runs: ReadonlySet<string>): string[] {
  if (!existsSync(KEY_MEMORY)) return [];
  return readdirSync(KEY_MEMORY).filter((name) => {
    const [, pid, began] = /-(\d+)\.[0-9a-z]+\.([0-9a-z]+)-/.exec(name) ?? [];
    return name.startsWith(SCRATCH_PREFIX) && runs.has(`${pid} ${began}`);
  });
}

/** A process by its pid and when it began: a sweep takes hours, in which pids come round again. */
export function runName(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  return `${pid} ${Number(ticks).toString(36)}`;
}

function below(dir: string): string[] {
  mkdirSync(dir, { recursive: true });
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).sort();
}
