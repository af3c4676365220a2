import { compareReported } from '../../plan/version.ts';
import type { FleetDeltas } from '../delivery.ts';
import { fleetIfAsked, registryOf } from '../inputs.ts';
import { ostreeOf } from './plan.ts';
import { commitProblem, commitTimes, repositoryOf } from './repository.ts';
import { isGenerated } from './static-delta.ts';

/** Which commits are in the repository, and how old those are that no Target names; see {@link FleetDeltas.facts}. */
export const facts: FleetDeltas['facts'] = async (inputs, signal) => {
  const repo = repositoryOf(ostreeOf(inputs.plan));
  const fleet = await fleetIfAsked(inputs);
  // Only commits that no Target names are ordered by time.
  const named = new Set(registryOf(inputs).targets.map((target) => target.sha256));
  const strangers = (fleet?.groups ?? []).flatMap(({ commit }) =>
    commit === undefined || named.has(commit) ? [] : [commit],
  );
  const times =
    strangers.length === 0 ? new Map<string, number>() : await commitTimes(repo, [...strangers, ...named], signal);
  return {
    compareVersions: compareReported,
    commitTime: (commit) => times.get(commit),
    obstacle(from, to) {
      // A source that was pruned is no obstacle to a delta that is there: clients have it.
      const isThere =
        from.commit !== undefined && to.commit !== undefined && isGenerated(repo, { from: from.commit, to: to.commit });
      if (isThere && commitProblem(repo, to.commit ?? '') === undefined) return undefined;
      const problem = [from.commit, to.commit]
        .map((commit) => (commit === undefined ? 'its commit is unknown' : commitProblem(repo, commit)))
        .find((one) => one !== undefined);
      return problem === undefined ? undefined : { reason: 'base-missing', detail: problem };
    },
  };
};
