import { pairText } from '../../core/pair.ts';
import type { WorkStep } from '../../core/step.ts';
import { formatBytes } from '../../text/bytes.ts';
import type { Delivery, Made, RunRequest } from '../delivery.ts';
import { commitsOf, makeOstreeDeltas } from './deltas.ts';
import type { OstreeSnapshot, RequiredStaticDelta } from './snapshot.ts';
import { problemOf } from './state.ts';

/** What has to be made: static deltas that are missing, broken, unproven or not in the summary. Pure. */
export const steps: Delivery<OstreeSnapshot>['steps'] = ({ required }) =>
  required.flatMap(({ from, to, rule, state }): WorkStep[] => {
    const problem = problemOf(state);
    return problem === undefined
      ? []
      : [{ kind: 'delta', from, to, engine: 'ostree', why: `required by ${rule}; it ${problem}` }];
  });

/**
 * Makes static deltas; see {@link Delivery.run}. The first step makes all that
 * are missing, as many at once as the machine has room for; the others find
 * theirs made. When that fails, each of the others tries its own.
 */
export const run: Delivery<OstreeSnapshot>['run'] = async (_snapshot, request, body) => {
  let isFirst = true;
  return await body({
    async run(step, snapshot, progress) {
      const mine = snapshot.required.find((one) => pairText(one) === titleOfPair(step));
      if (mine === undefined) throw new Error(`${titleOfPair(step)} is a step of no pair`);
      if (problemOf(mine.state) === undefined) return { snapshot, message: inWords(mine) };
      const wanted = isFirst ? snapshot.required.filter(({ state }) => problemOf(state) !== undefined) : [mine];
      isFirst = false;
      return await makeAll(wanted, mine, snapshot, request, progress);
    },
  });
};

function titleOfPair(step: WorkStep): string {
  switch (step.kind) {
    case 'delta':
      return pairText(step);
    case 'build':
    case 'archive':
    case 'full':
      throw new Error(`an OSTree plan has no step ${step.kind}`);
  }
}

async function makeAll(
  wanted: readonly RequiredStaticDelta[],
  mine: RequiredStaticDelta,
  snapshot: OstreeSnapshot,
  { host: { env, report, signal } }: RunRequest,
  progress: (message: string) => void,
): Promise<Made<OstreeSnapshot>> {
  const pairs = wanted.map(({ pair }) => pair);
  const made = await makeOstreeDeltas(snapshot.inputs.plan, pairs, { env, report, progress, signal });
  const withProof = (one: RequiredStaticDelta): RequiredStaticDelta => {
    if (!wanted.includes(one)) return one;
    const { from, to } = commitsOf(one.pair);
    const delta = made.find((other) => other.from === from && other.to === to);
    return delta === undefined ? one : { ...one, state: { state: 'proven', proof: delta.proof, isAdvertised: true } };
  };
  return {
    snapshot: { ...snapshot, required: snapshot.required.map(withProof) },
    message: inWords(withProof(mine)),
  };
}

function inWords({ state, loose }: RequiredStaticDelta): string {
  if (state.state !== 'proven') return 'made';
  const size = formatBytes(state.proof.sizeBytes);
  return loose === undefined ? size : `${size} in place of ${formatBytes(loose.bytes)} in ${loose.objects} objects`;
}
