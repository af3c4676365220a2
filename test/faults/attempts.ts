/** Which faults there are to try, each as a function that tries it. */
import { COMMAND, WHOLE_COMMAND, type Rig } from './rig.ts';
import type { Fault } from './shim.js';
import { countCalls, tryErrno, tryKill, type Trial } from './trial.ts';

export type Attempt = (rig: Rig) => Promise<Trial>;

export const ERRNOS = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE'] as const;

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Each call that can fail with this errno, in turn. */
export async function errnoTrials(rig: Rig, fault: Fault): Promise<Attempt[]> {
  return upTo(await countCalls(rig, fault)).map((at) => async (one) => await tryErrno(one, fault, at));
}

/** Each call that changes something, in turn. */
export async function killTrials(rig: Rig, fault: 'kill' | 'torn' | 'power'): Promise<Attempt[]> {
  return upTo(await countCalls(rig, fault)).map((at) => async (one) => await tryKill(one, fault, at));
}

/** Longest time until a kill: a run of either command takes about as long. */
const LONGEST_MS = { prepared: 2500, whole: 10_000 };

/** Kills at any moment: also while a program that was started writes, kas among them. */
export function randomTrials(random: () => number, count: number, run: keyof typeof LONGEST_MS): Attempt[] {
  return upTo(count).map(() => {
    const afterMs = Math.round(200 + random() * (LONGEST_MS[run] - 200));
    return async (one) => await tryKill(one, 'time', afterMs, run === 'whole' ? WHOLE_COMMAND : COMMAND);
  });
}
