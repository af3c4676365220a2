/** Damaged static deltas: those that are required are made again, the others withdrawn. */
import { pairText } from '../../core/pair.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Delivery, Repair, RepairTask } from '../delivery.ts';
import type { Host } from '../host.ts';
import { makeOstreeDeltas, pruneOstreeDeltas } from './deltas.ts';
import type { OstreeSnapshot, RequiredStaticDelta } from './snapshot.ts';
import { problemOf } from './state.ts';
import { shortPair } from './static-delta.ts';
import { survey } from './survey.ts';

/** See {@link Delivery.repairs}; each of the two tasks is there when it has something to do. */
export const repairs: Delivery<OstreeSnapshot>['repairs'] = (found, host) => {
  const { required, others } = found.snapshot as OstreeSnapshot;
  const broken = required.filter(({ state }) => state.state === 'broken');
  return [
    ...(broken.length === 0 ? [] : [remakeTask(broken, host)]),
    ...(others.length === 0 ? [] : [withdrawTask(host)]),
  ];
};

function remakeTask(broken: readonly RequiredStaticDelta[], host: Host): RepairTask {
  return {
    title: 'make broken static deltas again',
    async run(found, progress) {
      const { plan } = found.snapshot.inputs;
      const pairs = broken.map(({ pair }) => pair);
      const failure = await failureOf(makeOstreeDeltas(plan, pairs, { ...host, progress }));
      const snapshot = await surveyed(found.snapshot as OstreeSnapshot, host);
      const repairOf = (one: RequiredStaticDelta): Repair => {
        const now = snapshot.required.find((other) => pairText(other) === pairText(one));
        const problem = now === undefined ? undefined : problemOf(now.state);
        const what = `the static delta ${pairText(one)}`;
        return problem === undefined
          ? { what, result: 'repaired', detail: 'withdrawn, made again and proven' }
          : { what, result: 'beyond-repair', detail: `it ${problem}${failure === undefined ? '' : `: ${failure}`}` };
      };
      return { ...found, snapshot, repairs: broken.map(repairOf) };
    },
  };
}

function withdrawTask(host: Host): RepairTask {
  return {
    title: 'withdraw broken static deltas that no rule requires',
    async run(found, progress) {
      const { inputs, others } = found.snapshot as OstreeSnapshot;
      const pairs = others.map(({ pair }) => pair);
      const failure = await failureOf(pruneOstreeDeltas(inputs.plan, pairs, { ...host, progress }));
      const repairOf = (pair: (typeof pairs)[number]): Repair => ({
        what: `the static delta ${shortPair(pair)}`,
        ...(failure === undefined
          ? { result: 'repaired', detail: 'withdrawn, since no rule of the plan requires it' }
          : { result: 'beyond-repair', detail: failure }),
      });
      const snapshot = await surveyed(found.snapshot as OstreeSnapshot, host);
      return { ...found, snapshot, repairs: pairs.map(repairOf) };
    },
  };
}

/** What a user can meet; bugs and interruptions are thrown. */
async function failureOf(work: Promise<unknown>): Promise<string | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code === 'interrupted') throw error;
    return error.message;
  }
}

/** How things stand now, with the deltas that no rule requires. */
const surveyed = async ({ inputs }: OstreeSnapshot, host: Host): Promise<OstreeSnapshot> =>
  await survey(inputs, host, { beside: { versions: [], pairs: [], fulls: [] } });
