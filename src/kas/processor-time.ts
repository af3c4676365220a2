import { readFile } from 'node:fs/promises';
import { bitbakeServerOf, descendantsOf, listProcesses, type ProcessInfo } from './processes.ts';

/** Linux counts in ticks of 10 ms towards user space, whatever the kernel's own clock (USER_HZ). */
const TICK_MS = 10;

/** The processes of a build: kas and what descends from it, and BitBake's server, which is a daemon. */
export async function buildProcesses(roots: readonly number[], buildDir: string): Promise<ProcessInfo[]> {
  const all = await listProcesses();
  const server = await bitbakeServerOf(buildDir);
  const sessions = new Set(roots);
  if (server !== undefined) sessions.add(server.session);
  const members = all.filter((one) => sessions.has(one.session)).map((one) => one.pid);
  return descendantsOf([...roots, ...members], all);
}

/**
 * Processor time that some processes have used, with that of children that
 * they have waited for: what a compiler used is not lost when it ends.
 *
 * @returns milliseconds
 * @see proc(5), /proc/pid/stat: utime, stime, cutime, cstime
 */
export async function processorTimeMs(processes: readonly ProcessInfo[]): Promise<number> {
  const times = await Promise.all(processes.map(({ pid }) => ticksOf(pid)));
  return times.reduce((sum, one) => sum + one, 0) * TICK_MS;
}

async function ticksOf(pid: number): Promise<number> {
  // A process that has ended meanwhile is counted by its parent from now on.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).map(Number);
  return ticks.length === 4 && ticks.every(Number.isFinite) ? ticks.reduce((sum, one) => sum + one, 0) : 0;
}
