import { realpath } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { formatPointer, quote, type Finding } from '../finding.ts';
import { filesOf, numbered, type PlanSource } from '../source.ts';
import { gitRootOf, type Project } from './project.ts';
import { ifPresent } from '../../io/present.ts';

/**
 * The files of a chain lie in one repository, or all outside of any: kas
 * refuses others.
 *
 * @see kas/includehandler.py, "All concatenated config files must belong to the same repository or all must be outside
 *   of versioning control"
 */
export async function oneRepositoryPerChain(plan: PlanSource, project: Project): Promise<Finding[]> {
  const base = filesOf(plan.kas?.config, ['kas', 'config']);
  const chains = [
    filesOf(plan.kas?.delta_config, ['kas', 'delta_config']),
    [...base, ...numbered(plan.versions).flatMap(([index, one]) => filesOf(one.kas, ['versions', index, 'kas']))],
  ];
  const findings: Finding[] = [];
  for (const [first, ...others] of chains) {
    if (first === undefined) continue;
    const home = await homeOf(first.file, project);
    if (home === 'missing') continue;
    for (const one of others) {
      const other = await homeOf(one.file, project);
      if (other === 'missing' || other.repository === home.repository) continue;
      findings.push({
        code: 'kas-repository',
        at: one.at,
        message:
          `${formatPointer(one.at)} ${quote(one.file)} lies ${inWords(other)}, but ${quote(first.file)} ` +
          `${inWords(home)}`,
        hint: 'kas chains files of one repository alone; copy the file there.',
      });
    }
  }
  return findings;
}

interface Home {
  repository: string | undefined;
}

async function homeOf(file: string, project: Project): Promise<Home | 'missing'> {
  const real = await ifPresent(realpath(resolve(project.dir, file)));
  return real === undefined ? 'missing' : { repository: await gitRootOf(dirname(real)) };
}

const inWords = ({ repository }: Home): string =>
  repository === undefined ? 'outside of any repository' : `in the repository ${repository}`;
