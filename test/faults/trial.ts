/** One trial: a fault in a run, a look at what is left, the same command again. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { takeInventory } from '../../src/archive/inventory.ts';
import { surveyArchive } from '../../src/archive/survey.ts';
import { MACHINE, type CliResult } from '../support/product.ts';
import { problemsOf } from '../../src/core/archive.ts';
import { differences, leftovers, snapshot, type Rig, runName } from './rig.ts';
import { BAD_DELTA, type Scenario } from './scenarios.ts';
import { arm, disarm, type Fault } from './shim.js';

const BIN = fileURLToPath(new URL('../../src/bin.js', import.meta.url));
const SHIM = new URL('shim.js', import.meta.url).href;

export interface Trial {
  /** The fault and its place, in words: enough to try it again. */
  name: string;
  /** Whether the fault happened: a run may have fewer calls than the one that was counted. */
  injected: boolean;
  /** What did not hold; nothing when the fault was survived. */
  problems: string[];
}

/** How many calls of an undisturbed run each kind of fault could hit. */
export async function countCalls(rig: Rig, fault: Fault, { from, command }: Scenario): Promise<number> {
  rig.reset(from);
  arm({ roots: rig.roots, at: 0, fault });
  await rig.cli(command);
  return disarm().seen;
}

/** Fails the n-th call of a run with an errno. */
export async function tryErrno(rig: Rig, fault: Fault, at: number, scenario: Scenario): Promise<Trial> {
  const undisturbed = await rig.after(scenario.from, scenario.command);
  const end = await endOf(rig, scenario);
  rig.reset(scenario.from);
  arm({ roots: rig.roots, at, fault });
  let run: CliResult;
  let fired: string | undefined;
  try {
    run = await rig.cli(scenario.command);
  } finally {
    ({ fired } = disarm());
  }
  const name =
    `${fault} at call ${at} of ` +
    `${scenario.command.join(' ')}${fired === undefined ? '' : `: ${fired.replaceAll(rig.product.dir, '.')}`}`;
  if (fired === undefined) return { name, injected: false, problems: [] };
  // What a process could not remove, the next one does, when this one is no more: here both are one.
  const unremoved = fired.startsWith('rm ') ? fired.slice('rm '.length) : undefined;
  if (unremoved !== undefined && dirname(unremoved) === rig.tmp) rmSync(unremoved, { recursive: true, force: true });
  const problems = [
    ...judgeExit(run, fault, rig, undisturbed),
    ...(await judgeArchive(rig, scenario)),
    ...(await judgeRerun(rig, scenario, end)),
  ];
  return { name, injected: true, problems };
}

/** Kills a run at its n-th call that changes something, or after a time. */
export async function tryKill(rig: Rig, fault: Fault | 'time', at: number, scenario: Scenario): Promise<Trial> {
  const { from, command } = scenario;
  const end = await endOf(rig, scenario);
  rig.reset(from);
  const killed = await runChild(
    rig,
    command,
    fault === 'time' ? { killAfterMs: at } : { fault: JSON.stringify({ roots: rig.roots, at, fault }) },
  );
  const name = `${fault === 'time' ? `SIGKILL after ${at} ms` : `${fault} at call ${at}`} of ${command.join(' ')}`;
  if (killed.signal !== 'SIGKILL')
    return {
      name,
      injected: false,
      problems: killed.exitCode === 0 ? [] : [`ended with ${killed.exitCode}: ${killed.stderr}`],
    };
  return {
    name,
    injected: true,
    problems: [...(await judgeArchive(rig, scenario)), ...(await judgeRerun(rig, scenario, end))],
  };
}

/** How the archive is in the end, whether a fault came between or not. */
export const endOf = async (rig: Rig, { from, rerun }: Scenario): Promise<ReadonlyMap<string, string>> =>
  await rig.after(from, rerun);

interface Killed {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

function runChild(
  rig: Rig,
  command: readonly string[],
  how: { killAfterMs: number } | { fault: string },
): Promise<Killed> {
  const env = 'fault' in how ? { ...rig.env, RELEASE_PLAN_TEST_FAULT: how.fault } : rig.env;
  const child = spawn(process.execPath, ['--import', SHIM, BIN, ...command], {
    cwd: rig.product.dir,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  if (child.pid !== undefined) rig.runs.add(runName(child.pid));
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => void (stderr += chunk.toString('utf8')));
  const timer = 'killAfterMs' in how ? setTimeout(() => child.kill('SIGKILL'), how.killAfterMs) : undefined;
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Not `close`: what the killed run had started may hold the pipe for a moment longer.
    child.once('exit', (exitCode, signal) => {
      clearTimeout(timer);
      child.stderr.destroy();
      resolve({ exitCode, signal, stderr });
    });
  });
}

/** A fault ends in exit 5 with a path (and the need in bytes, when the disk is full), unless the run did without. */
function judgeExit(run: CliResult, fault: Fault, rig: Rig, undisturbed: ReadonlyMap<string, string>): string[] {
  if (run.exitCode === 0)
    return differences(snapshot(rig.product), undisturbed).map((path) => `exit 0, and ${path} is not as it should be`);
  const said = run.stderr;
  const problems: string[] = [];
  if (run.exitCode !== 5) problems.push(`exit code ${run.exitCode}: ${said}`);
  if (!/[^\s]*\/[^\s]+/.test(said.replaceAll(/https?:\S+/g, ''))) problems.push(`no path in the message: ${said}`);
  if (fault === 'ENOSPC' && !/\d+ bytes/.test(said)) problems.push(`no bytes in the message: ${said}`);
  return problems;
}

/** Whatever has a final name is whole, but for the damage that was there before. */
export async function judgeArchive({ product: { archive } }: Rig, { from }: Scenario): Promise<string[]> {
  const key = { artifacts: archive.slice(0, -`/${MACHINE}/image-prod`.length), machine: MACHINE, image: 'image-prod' };
  const { versions, updates } = await surveyArchive(key, await takeInventory(key));
  const problems = [...versions.values(), ...updates.values()].flatMap(problemsOf);
  return problems
    .filter((one) => from !== 'to-mend' || !one.includes(`${BAD_DELTA} was modified`))
    .map((one) => `not whole under its final name: ${one}`);
}

export async function judgeRerun(rig: Rig, { rerun }: Scenario, end: ReadonlyMap<string, string>): Promise<string[]> {
  const run = await rig.cli(rerun);
  if (run.exitCode !== 0) return [`the rerun ended with ${run.exitCode}: ${run.stderr}`];
  return [
    ...differences(snapshot(rig.product), end).map((path) => `after the rerun ${path} is not as it should be`),
    ...leftovers(rig).map((path) => `after the rerun ${path} is left`),
  ];
}
