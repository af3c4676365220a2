import { ReleasePlanError } from '../../core/errors.ts';
import type { Finding } from '../../plan/finding.ts';
import type { Delivery } from '../delivery.ts';
import { fleetFindings, usesOf } from '../fleet/uses.ts';
import { registryFile, registryOf, type Inputs } from '../inputs.ts';
import { ostreeOf } from './plan.ts';
import { commitProblem, repositoryOf, requireRepository } from './repository.ts';
import type { OstreeSnapshot } from './snapshot.ts';
import { FORMAT } from './target.ts';

/** What keeps an OSTree plan from coming true; see {@link Delivery.findings}. */
export const findings: Delivery<OstreeSnapshot>['findings'] = async (inputs) => [
  ...(await repositoryFindings(inputs)),
  ...(await fleetFindings(inputs, await usesOf(inputs))),
];

/** An OSTree product's archive is its repository: the commits of the planned versions are there, whole. */
async function repositoryFindings({ plan, registry }: Inputs): Promise<Finding[]> {
  const repo = repositoryOf(ostreeOf(plan));
  try {
    await requireRepository(repo);
    const { targets } = registryOf({ plan, registry });
    return plan.versions.flatMap(({ version }, index): Finding[] => {
      const at = ['versions', index, 'version'];
      const named = targets.filter(
        (one) => one.format === FORMAT && one.version === version && one.hardwareIds.includes(plan.machine),
      );
      if (named.length === 0)
        return [
          {
            code: 'target-unknown',
            severity: 'warning',
            at,
            message: `${registryFile(plan)} has no OSTree Target of version ${version} for ${plan.machine}`,
          },
        ];
      return named.flatMap((target) => {
        const problem = commitProblem(repo, target.sha256);
        return problem === undefined
          ? []
          : [{ code: 'ostree-commit-missing', at, message: `${target.name}: ${problem}` }];
      });
    });
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code === 'interrupted') throw error;
    const at = error.code.startsWith('targets') ? ['targets'] : ['ostree', 'repo'];
    return [
      { code: error.code, at, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) },
    ];
  }
}
