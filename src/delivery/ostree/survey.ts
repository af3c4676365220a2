/** How an OSTree plan stands: what its rules require of the repository, and what the repository has. */
import { readReport } from '../../archive/report-file.ts';
import { PairMap } from '../../core/pair.ts';
import type { Plan } from '../../core/plan.ts';
import { distinct, targetsOf } from '../../fleet/running.ts';
import { ruleInWords } from '../../plan/pairs.ts';
import { TreeReader } from '../../static-delta/tree.ts';
import type { Delivery } from '../delivery.ts';
import { endInWords, type RequiredPair } from '../fleet/required.ts';
import { answerRule } from '../fleet/rules.ts';
import { fleetView, type FleetView } from '../fleet/view.ts';
import { requireRegistry } from '../inputs.ts';
import { commitsOf } from './deltas.ts';
import { facts as factsOf } from './facts.ts';
import { looseBytes } from './loose.ts';
import { ostreeOf } from './plan.ts';
import { unrequiredDeltas } from './prune.ts';
import { commitProblem, repositoryOf, requireRepository, resolveRef, type OstreeRepository } from './repository.ts';
import type { OstreeSnapshot, RequiredStaticDelta } from './snapshot.ts';
import { deltaStates } from './state.ts';
import { FORMAT } from './target.ts';

/**
 * Reads registry, fleet and repository; see {@link Delivery.survey}.
 *
 * Throws ReleasePlanError `ostree-repo-missing`, `ostree-ref-unknown`, `targets-*`, `fleet-*`, `target-unknown`.
 */
export const survey: Delivery<OstreeSnapshot>['survey'] = async (inputs, { signal }, options = {}) => {
  const { plan } = inputs;
  const settings = ostreeOf(plan);
  const repo = repositoryOf(settings);
  await requireRepository(repo);
  // Nothing is made of the branch itself; a wrong name says that this is another product's repository.
  await resolveRef(repo, settings.branch, signal);
  requireRegistry(inputs);
  const view = await fleetView(inputs, FORMAT);
  const facts = await factsOf(inputs, signal);
  const known = new Set(targetsOf(view.registry, FORMAT).map((target) => target.version));
  // A version that is not there yet is a row of the report, and hinders no other.
  const answers = plan.deltas
    .filter((rule) => known.has(rule.to))
    .map((rule) => ({ rule, answer: answerRule(rule, view, facts) }));
  const required = await requiredStaticDeltas(plan, answers, signal);
  return {
    inputs,
    // Versions are commits in the repository; nothing of them is archived as files.
    archive: { versions: new Map(), updates: new PairMap(), fulls: new Map() },
    pairs: [],
    recipes: new Map(),
    written: await readReport(plan),
    view,
    answers,
    required,
    others: options.beside === undefined ? [] : await brokenBeside(repo, required, signal),
    versions: versionProblems(plan, view),
  };
};

/** Each required delta once, with its state; those that serve most devices first. */
async function requiredStaticDeltas(
  plan: Plan,
  answers: OstreeSnapshot['answers'],
  signal?: AbortSignal,
): Promise<RequiredStaticDelta[]> {
  const repo = repositoryOf(ostreeOf(plan));
  const wanted = new PairMap<{ rule: string; pair: RequiredPair }>();
  for (const { rule, answer } of answers) {
    for (const pair of answer.pairs) {
      if (!wanted.has(commitsOf(pair))) wanted.set(commitsOf(pair), { rule: ruleInWords(rule.from), pair });
    }
  }
  const states = await deltaStates(repo, wanted.keys(), signal);
  const reader = new TreeReader(repo.path);
  const required: RequiredStaticDelta[] = [];
  for (const [at, { rule, pair }] of wanted.values().entries()) {
    const loose = await looseBytes(reader, commitsOf(pair));
    reader.forget(commitsOf(pair).from);
    const ends = { from: endInWords(pair.from), to: endInWords(pair.to) };
    required.push({
      ...ends,
      rule,
      pair,
      ...(loose === undefined ? {} : { loose }),
      state: states[at] ?? { state: 'absent' },
    });
  }
  return required.sort((a, b) => b.pair.devices - a.pair.devices);
}

/** A broken delta fails its clients, whoever asked for it. */
async function brokenBeside(
  repo: OstreeRepository,
  required: readonly RequiredStaticDelta[],
  signal?: AbortSignal,
): Promise<OstreeSnapshot['others']> {
  const pairs = await unrequiredDeltas(
    repo,
    required.map(({ pair }) => commitsOf(pair)),
    signal,
  );
  const states = await deltaStates(repo, pairs, signal);
  return pairs.flatMap((pair, at) => {
    const state = states[at];
    return state?.state === 'broken' ? [{ pair, problem: state.problem }] : [];
  });
}

function versionProblems(plan: Plan, { registry, format }: FleetView): OstreeSnapshot['versions'] {
  const repo = repositoryOf(ostreeOf(plan));
  const named = distinct([
    ...plan.versions.map((one) => one.version),
    ...plan.deltas.flatMap((rule) => [rule.to, ...(rule.from.kind === 'list' ? rule.from.versions : [])]),
  ]);
  return new Map(
    named.map((version) => {
      const targets = targetsOf(registry, format).filter((target) => target.version === version);
      return [
        version,
        targets.length === 0
          ? `${registry.file} has no Target for it`
          : targets.map((target) => commitProblem(repo, target.sha256)).find((one) => one !== undefined),
      ];
    }),
  );
}
