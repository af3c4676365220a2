import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One run of a program, from its start to its end. */
export interface Measurement {
  wallMs: number;
  /** Processor time of the program and its children, user and system. */
  cpuMs: number;
  /** The largest resident size of any of its processes. */
  peakKiB: number;
}

/** A program to run. `$` is no shell: arguments are passed on as they are. */
export interface Program {
  command: string;
  args: readonly string[];
  /** File that gets its standard output. */
  stdout?: string;
}

/**
 * Runs a program under GNU time (Debian package `time`), whose own start is
 * about a millisecond of what is measured.
 *
 * @throws Error with the program's last words when it fails
 */
export async function measure({ command, args, stdout }: Program, workDir: string): Promise<Measurement> {
  const usage = join(workDir, 'usage');
  const out = stdout === undefined ? 'ignore' : openSync(stdout, 'w');
  const started = performance.now();
  const child = spawn('/usr/bin/time', ['--format=%U %S %M', `--output=${usage}`, '--', command, ...args], {
    stdio: ['ignore', out, 'pipe'],
  });
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000);
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const wallMs = performance.now() - started;
  if (typeof out === 'number') closeSync(out);
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed (${status}): ${words.trim()}`);
  const [userS = 0, systemS = 0, peakKiB = 0] = (readFileSync(usage, 'utf8').trim().split('\n').at(-1) ?? '')
    .split(' ')
    .map(Number);
  return { wallMs, cpuMs: 1000 * (userS + systemS), peakKiB };
}

/** Programs by the name of what they do. */
export type Programs<Name extends string> = Record<Name, Program>;

/**
 * Runs all programs in turn, round after round, and gives each one's
 * measurements in order.
 *
 * @param once names of those too slow for more than one round
 */
export async function interleaved<Name extends string>(
  programs: Programs<Name>,
  rounds: number,
  workDir: string,
  once: readonly Name[] = [],
): Promise<Record<Name, Measurement[]>> {
  const names = Object.keys(programs) as Name[];
  const found = Object.fromEntries(names.map((name) => [name, [] as Measurement[]])) as Record<Name, Measurement[]>;
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      if (round > 0 && once.includes(name)) continue;
      found[name].push(await measure(programs[name], workDir));
    }
  }
  return found;
}

/** The middle one; the mean of the two in the middle where there is an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

/** The median wall time, CPU time and peak memory of several runs. */
export const medianOf = (runs: readonly Measurement[]): Measurement => ({
  wallMs: median(runs.map((run) => run.wallMs)),
  cpuMs: median(runs.map((run) => run.cpuMs)),
  peakKiB: median(runs.map((run) => run.peakKiB)),
});
