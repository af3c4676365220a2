/** The delta step of an OSTree plan. */
import { problemOf } from './index.ts';
import { formatBytes } from '../../text/bytes.ts';
import { pairKey } from '../../core/archive.ts';
import type { Step } from '../../core/plan.ts';
import type { StepHost } from '../../jobs/session.ts';
import { commitsOf, makeOstreeDeltas } from './deltas.ts';
import type { OstreePair, OstreeSituation } from './survey.ts';

type DeltaStep = Extract<Step, { kind: 'delta' }>;

/**
 * Makes one static delta. The first step makes all that are missing, as many
 * at once as the machine has room for; the others find theirs made. When that
 * fails, each of the others tries its own.
 *
 * @returns what was made, in words
 * @throws ReleasePlanError what makeDeltas, publishSizes and updateRegistry throw
 */
export async function runStaticDelta(
  step: DeltaStep,
  situation: OstreeSituation,
  host: StepHost,
  progress: (message: string) => void,
): Promise<string> {
  const pair = situation.pairs.find(({ from, to }) => pairKey(from, to) === pairKey(step.from, step.to));
  if (pair === undefined) throw new Error(`${pairKey(step.from, step.to)} is a step of no pair`);
  if (problemOf(pair.state) !== undefined) {
    const wanted = situation.isTried ? [pair] : situation.pairs.filter(({ state }) => problemOf(state) !== undefined);
    situation.isTried = true;
    await makePairs(wanted, situation, host, progress);
  }
  return pair.state.state === 'proven'
    ? `${formatBytes(pair.state.proof.sizeBytes)} in place of ${formatBytes(pair.loose.bytes)} in ` +
        `${pair.loose.objects} objects`
    : 'made';
}

async function makePairs(
  pairs: readonly OstreePair[],
  { fleet: { plan } }: OstreeSituation,
  host: StepHost,
  progress: (message: string) => void,
): Promise<void> {
  const made = await makeOstreeDeltas(
    plan,
    pairs.map(({ required }) => required),
    { report: host.report, progress, signal: host.signal },
  );
  for (const pair of pairs) {
    const { from, to } = commitsOf(pair.required);
    const delta = made.find((one) => one.from === from && one.to === to);
    if (delta !== undefined) pair.state = { state: 'proven', proof: delta.proof, isAdvertised: true };
  }
}
