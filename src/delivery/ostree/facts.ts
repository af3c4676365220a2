import { compareVersions } from '../../plan/version.ts';
import type { FleetDeltas } from '../delivery.ts';
import { fleetOf, registryOf } from '../inputs.ts';
import { ostreeOf } from './plan.ts';
import { commitProblem, commitTimes, repositoryOf } from './repository.ts';

/** Which commits are in the repository, and how old those are that no Target names; see {@link FleetDeltas.facts}. */
export const facts: FleetDeltas['facts'] = async (inputs, signal) => {
  const repo = repositoryOf(ostreeOf(inputs.plan));
  const fleet = await fleetOf(inputs);
  // Only commits that no Target names are ordered by time.
  const named = new Set(registryOf(inputs).targets.map((target) => target.sha256));
  const strangers = (fleet?.groups ?? []).flatMap(({ commit }) =>
    commit === undefined || named.has(commit) ? [] : [commit],
  );
  const times =
    strangers.length === 0 ? new Map<string, number>() : await commitTimes(repo, [...strangers, ...named], signal);
  return {
    compareVersions,
    commitTime: (commit) => times.get(commit),
    obstacle(from, to) {
      const problem = [from.commit, to.commit]
        .map((commit) => (commit === undefined ? 'its commit is not known' : commitProblem(repo, commit)))
        .find((one) => one !== undefined);
      return problem === undefined ? undefined : { reason: 'base-missing', detail: problem };
    },
  };
};
