import { readFile, readdir, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** A process as the kernel tells of it. */
export interface ProcessInfo {
  pid: number;
  parent: number;
  group: number;
  session: number;
  /** argv; empty for kernel threads and zombies. */
  args: string[];
  /** Ended, and not yet waited for by its parent. */
  isZombie: boolean;
}

/** All processes of the machine. Those that end meanwhile are left out. */
export async function listProcesses(): Promise<ProcessInfo[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(pids.map((pid) => readProcess(Number(pid))));
  return found.filter((one) => one !== undefined);
}

/** One process, or undefined when there is none. @see proc(5), /proc/pid/stat */
export async function readProcess(pid: number): Promise<ProcessInfo | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    // The name in parentheses may itself hold parentheses and spaces.
    const [state, parent, group, session] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return {
      pid,
      parent: Number(parent),
      group: Number(group),
      session: Number(session),
      args: commandLine.split('\0').filter((one) => one !== ''),
      isZombie: state === 'Z' || state === 'X',
    };
  } catch {
    return undefined;
  }
}

/** Processes that descend from `roots`, `roots` included. */
export function descendantsOf(roots: readonly number[], all: readonly ProcessInfo[]): ProcessInfo[] {
  const family = new Set(roots);
  for (let grown = true; grown;) {
    const before = family.size;
    for (const one of all) if (family.has(one.parent)) family.add(one.pid);
    grown = family.size > before;
  }
  return all.filter((one) => family.has(one.pid));
}

/**
 * The BitBake server of a build directory: the process whose pid stands in
 * bitbake.lock, if it really has that file open. A pid of a container, or of a
 * server long gone, may by now be anybody's.
 */
export async function bitbakeServerOf(buildDir: string): Promise<ProcessInfo | undefined> {
  const lock = join(buildDir, 'bitbake.lock');
  const text = await readFile(lock, 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  if (!(pid > 1) || !(await hasOpen(pid, lock))) return undefined;
  return await readProcess(pid);
}

async function hasOpen(pid: number, file: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const real = await realpath(file).catch(() => file);
  const descriptors = await readdir(folder).catch(() => []);
  const targets = await Promise.all(descriptors.map((one) => readlink(join(folder, one)).catch(() => '')));
  return targets.includes(real);
}

/** Sends a signal; a process that has ended meanwhile is no error. Negative pids are groups. */
export function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
