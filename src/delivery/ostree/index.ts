import { ReleasePlanError } from '../../core/errors.ts';
import { PairMap } from '../../core/pair.ts';
import { titleOf } from '../../core/step.ts';
import type { Delivery, FleetDeltas } from '../delivery.ts';
import { retainedPairs } from '../fleet/rules.ts';
import { makeOstreeDeltas, ostreeCautions, ostreeProblems, pruneOstreeDeltas, unrequiredOf } from './deltas.ts';
import { facts } from './facts.ts';
import { findings } from './findings.ts';
import { repairs } from './repair.ts';
import { rows } from './rows.ts';
import { run, steps } from './run.ts';
import { ostreeOf } from './plan.ts';
import type { OstreeSnapshot } from './snapshot.ts';
import { survey } from './survey.ts';
import { FORMAT } from './target.ts';

/** Characters of a commit that people are shown. */
const SHORT = 10;

const deltas: FleetDeltas = {
  missingCode: 'ostree-commit-missing',
  // One repository is for all kinds of hardware.
  own: () => ({}),
  facts,
  problems: ostreeProblems,
  cautions: ostreeCautions,
  async make({ plan }, pairs, { env, report, signal }, { waitMs }) {
    const progress = (message: string): void => report({ type: 'note', message });
    await makeOstreeDeltas(plan, pairs, { env, report, progress, signal, waitMs });
  },
  unrequired: unrequiredOf,
  async prune(plan, pairs, { env, report, signal }, { waitMs }) {
    await pruneOstreeDeltas(plan, pairs, { env, report, progress: () => undefined, signal, waitMs });
  },
};

/** OSTree static deltas: versions are commits, devices are on tags, and the archive is the repository. */
export const ostree: Delivery<OstreeSnapshot> = {
  format: FORMAT,
  versionsIn: 'registry',
  kept: (plan) => ({ 'artifacts': plan.artifacts, 'ostree.repo': ostreeOf(plan).repo }),
  survey,
  steps,
  run,
  // Sizes are registered with each delta; Targets are whoever's who made the commits.
  register: async () => undefined,
  findings,
  scope: ({ inputs: { plan } }) => ({ versions: plan.versions.map((one) => one.version), pairs: [] }),
  rows,
  async unneeded({ inputs, view }, { signal }) {
    const retained = retainedPairs(view, await facts(inputs, signal));
    const pairs = await unrequiredOf(inputs.plan, retained, signal);
    return {
      deltas: pairs.map(({ from, to }) => ({ pair: `${from.slice(0, SHORT)} -> ${to.slice(0, SHORT)}` })),
      running: undefined,
    };
  },
  async retention({ plan }) {
    throw new ReleasePlanError('usage', `${plan.file} is an OSTree plan; its archive is the repository`, {
      hint: 'Delete deltas with `release-plan targets static-deltas --prune`, and commits with `ostree prune`.',
    });
  },
  publication(snapshot) {
    const failures = {
      versions: new Map<string, string>(),
      fulls: new Map<string, string>(),
      pairs: new PairMap<string>(),
    };
    const { checks } = rows(snapshot, ostree.scope(snapshot), failures);
    const due = steps(snapshot).map((step) => ({ subject: titleOf(step), reason: step.why }));
    const failed = checks.filter(({ result }) => result === 'fail');
    return {
      kind: 'repository',
      repo: ostreeOf(snapshot.inputs.plan).repo,
      unproven: [...due, ...failed.map(({ check, subject, detail }) => ({ subject, reason: `${check}: ${detail}` }))],
    };
  },
  prove: async (snapshot) => ({ snapshot, shown: new PairMap(), shownFulls: new Map(), unreadable: [] }),
  bytesToProve: () => 0,
  repairs,
  async signManifests({ snapshot }) {
    throw new ReleasePlanError('usage', `${snapshot.inputs.plan.file} is an OSTree plan, whose commits ostree signs`);
  },
  deltas,
};
