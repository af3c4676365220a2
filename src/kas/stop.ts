import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { bitbakeServerOf, descendantsOf, listProcesses, sendSignal, type ProcessInfo } from './processes.ts';

/** A running kas, started in a session of its own. */
export interface RunningKas {
  pid: number;
  buildDir: string;
}

/** How long each stage may take, in ms. */
export interface StopTimes {
  /** Between the first and the second interrupt. */
  firstMs: number;
  /** From the second interrupt to the hard stop. */
  secondMs: number;
}

const POLL_MS = 50;
const HARD_STOP_ROUNDS = 20;

/**
 * Stops a build so that nothing builds on. Signals to kas itself do not: kas
 * 3.1 ignores SIGINT and SIGTERM, 5.x dies and leaves the BitBake server, a
 * daemon in a session of its own, building.
 *
 * 1. SIGINT to kas's bitbake child: the server ends after the running task.
 * 2. SIGINT again: it stops its tasks.
 * 3. SIGKILL to every process of kas's session and of the server's.
 *
 * Ends when none of them is left. Measured facts: docs/kas.md.
 */
export async function stopBuild(kas: RunningKas, times: StopTimes = { firstMs: 1000, secondMs: 2000 }): Promise<void> {
  const sessions = new Set([kas.pid]);
  const left = async (): Promise<ProcessInfo[]> => {
    const server = await bitbakeServerOf(kas.buildDir);
    if (server !== undefined) sessions.add(server.session);
    const all = (await listProcesses()).filter((one) => !one.isZombie);
    const members = all.filter((one) => sessions.has(one.session)).map((one) => one.pid);
    return descendantsOf(members, all).filter((one) => one.pid !== process.pid);
  };
  interrupt(kas, await left());
  if (await endsWithin(times.firstMs, left)) return;
  interrupt(kas, await left());
  if (await endsWithin(times.secondMs, left)) return;
  for (let round = 0; round < HARD_STOP_ROUNDS; round += 1) {
    const members = await left();
    if (members.length === 0) return;
    for (const { pid } of members) sendSignal(pid, 'SIGKILL');
    await sleep(POLL_MS);
  }
}

/** SIGINT to the bitbake client; to kas's whole group while there is none: it fetches or checks out then. */
function interrupt(kas: RunningKas, members: readonly ProcessInfo[]): void {
  const clients = members.filter((one) => one.session === kas.pid && isBitbakeClient(one));
  for (const { pid } of clients) sendSignal(pid, 'SIGINT');
  if (clients.length === 0 && members.length > 0) sendSignal(-kas.pid, 'SIGINT');
}

/** `bitbake ...`, or an interpreter that runs it. */
const isBitbakeClient = ({ args }: ProcessInfo): boolean => args.slice(0, 3).some((one) => basename(one) === 'bitbake');

async function endsWithin(timeMs: number, left: () => Promise<ProcessInfo[]>): Promise<boolean> {
  const until = performance.now() + timeMs;
  do {
    if ((await left()).length === 0) return true;
    await sleep(POLL_MS);
  } while (performance.now() < until);
  return false;
}
