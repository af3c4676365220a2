/** Which faults there are to try, each as a function that tries it. */
import type { Rig } from './rig.ts';
import { SCENARIOS, type ScenarioName } from './scenarios.ts';
import { documentTrials, helperTrials, mountTrials, outputTrials, tmpdirTrials } from './surroundings.ts';
import { countCalls, tryErrno, tryKill, type Trial } from './trial.ts';

export type Attempt = (rig: Rig) => Promise<Trial>;

export const ERRNOS = ['ENOSPC', 'EIO', 'EACCES', 'EMFILE'] as const;
export const KILLS = ['kill', 'torn', 'power'] as const;

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Each call that can fail with this errno, in turn. */
async function errnoTrials(rig: Rig, fault: (typeof ERRNOS)[number], name: ScenarioName): Promise<Attempt[]> {
  return upTo(await countCalls(rig, fault, SCENARIOS[name])).map(
    (at) => async (one) => await tryErrno(one, fault, at, SCENARIOS[name]),
  );
}

/** Each call that changes something, in turn. */
async function killTrials(rig: Rig, fault: (typeof KILLS)[number], name: ScenarioName): Promise<Attempt[]> {
  return upTo(await countCalls(rig, fault, SCENARIOS[name])).map(
    (at) => async (one) => await tryKill(one, fault, at, SCENARIOS[name]),
  );
}

/** Longest time until a kill: a run takes about as long. */
const LONGEST_MS = { apply: 2500, whole: 10_000 };

/** Kills at any moment: also while a program that was started writes, kas among them. */
function randomTrials(random: () => number, count: number, name: keyof typeof LONGEST_MS): Attempt[] {
  return upTo(count).map(() => {
    const afterMs = Math.round(200 + random() * (LONGEST_MS[name] - 200));
    return async (one) => await tryKill(one, 'time', afterMs, SCENARIOS[name]);
  });
}

/** Lists all trials of a kind. */
export type Kind = (rig: Rig, random: () => number) => Promise<Attempt[]>;

/**
 * Every kind of fault, by the command that it meets: `EIO` is of the run that archives and makes a delta, `gc:EIO` of
 * gc.
 */
export function kindsOfFaults(): Map<string, Kind> {
  const kinds = new Map<string, Kind>();
  const add = (name: ScenarioName, faults: { kills: boolean; errnos: boolean }): void => {
    const prefix = name === 'apply' ? '' : `${name}:`;
    if (faults.errnos)
      for (const fault of ERRNOS) kinds.set(`${prefix}${fault}`, async (rig) => await errnoTrials(rig, fault, name));
    if (faults.kills)
      for (const fault of KILLS) kinds.set(`${prefix}${fault}`, async (rig) => await killTrials(rig, fault, name));
  };
  add('apply', { kills: true, errnos: true });
  add('gc', { kills: true, errnos: true });
  add('nightly', { kills: true, errnos: true });
  add('build', { kills: false, errnos: true });
  kinds.set('output', async () => outputTrials());
  kinds.set('tmpdir', async () => tmpdirTrials());
  kinds.set('document', async (rig) => await documentTrials(rig));
  kinds.set('helper', async (rig) => await helperTrials(rig));
  kinds.set('mount', async (rig) => await mountTrials(rig));
  kinds.set('time', async (_rig, random) => randomTrials(random, 60, 'apply'));
  kinds.set('whole', async (_rig, random) => randomTrials(random, 20, 'whole'));
  return kinds;
}
