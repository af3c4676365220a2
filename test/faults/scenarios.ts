/** What is disturbed: a command line, from where it starts, and how it ends when nothing disturbs it. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify, parse } from 'yaml';
import type { PlanYaml, Product } from '../support/product.ts';

/** Archives 0.2.0, which kas has built already, and makes 0.1.0 -> 0.2.0. Takes a second or two. */
export const COMMAND = ['apply', 'plan.yml', '--only', 'archive,delta,report'];

/** The whole way, kas and all. */
export const WHOLE_COMMAND = ['apply', 'plan.yml'];

/**
 * Where a run starts: before any build; with 0.1.0 in the archive; when kas has
 * built 0.2.0 besides; with all of it done; with what a gc or a night finds to do.
 */
export type State = 'empty' | 'first' | 'built' | 'done' | 'to-tidy' | 'to-mend';

export interface Scenario {
  from: State;
  command: readonly string[];
  /** What makes it true in the end, after a fault; the same command unless given. */
  rerun: readonly string[];
}

const scenario = (from: State, command: readonly string[], rerun = command): Scenario => ({ from, command, rerun });

export const SCENARIOS = {
  apply: scenario('built', COMMAND),
  whole: scenario('empty', WHOLE_COMMAND),
  build: scenario('first', ['apply', 'plan.yml', '--only', 'build'], WHOLE_COMMAND),
  gc: scenario('to-tidy', ['gc', 'gc.yml', '--yes']),
  nightly: scenario('to-mend', ['apply', 'plan.yml', '--nightly']),
} as const satisfies Record<string, Scenario>;

export type ScenarioName = keyof typeof SCENARIOS;

/** A plan that keeps 0.2.0 alone, beside the other. */
export function writeGcPlan({ dir, plan }: Product): void {
  const content = parse(readFileSync(plan, 'utf8')) as PlanYaml;
  const retention = { keep_last: 1, keep_tagged: false, keep_unrequired_deltas: false };
  writeFileSync(
    join(dir, 'gc.yml'),
    stringify({ ...content, versions: [{ version: '0.2.0' }], deltas: [], retention }),
  );
}

/** From what is done to what gc finds to do: versions that nobody names, and trash that has waited for long enough. */
export function leaveToTidy({ archive }: Product): void {
  // The report of the other plan says that its versions are needed.
  rmSync(join(archive, 'reports'), { recursive: true });
  addTrash(archive, ['20200101T000000Z', '20210101T000000Z']);
}

/** The file that {@link leaveToMend} damages, below the archive of the product. */
export const BAD_DELTA = '0.2.0/updates/from_0.1.0/rootfs.delta';

/** From what is done to what a night finds to do: an update with a bit that has turned, and old trash. */
export function leaveToMend({ archive }: Product): void {
  const delta = join(archive, BAD_DELTA);
  const bytes = readFileSync(delta);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(delta, bytes);
  addTrash(archive, ['20200101T000000Z']);
}

function addTrash(archive: string, batches: readonly string[]): void {
  for (const batch of batches) {
    const version = join(archive, '.trash', batch, '0.0.1');
    mkdirSync(version, { recursive: true });
    for (const name of ['manifest.json', 'image.squashfs']) writeFileSync(join(version, name), 'of long ago');
  }
}

/** What a run changes. */
const CHANGING = ['artifacts', '.release-plan', 'build'];

/** Copies what runs change; what is not there in the source is taken away. */
export function copyChanging(from: string, to: string): void {
  for (const one of CHANGING) {
    rmSync(join(to, one), { recursive: true, force: true });
    if (existsSync(join(from, one)))
      cpSync(join(from, one), join(to, one), { recursive: true, verbatimSymlinks: true });
  }
}
