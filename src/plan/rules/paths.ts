import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { formatPointer, quote, type Finding, type Pointer } from '../finding.ts';
import { numbered, type PlanSource } from '../source.ts';
import { pathsOf, type PlanPath } from './path-keys.ts';
import type { Project } from './project.ts';
import { ifPresent } from '../../io/present.ts';

/**
 * Paths do not climb out of the project; a place elsewhere on the host is written as an absolute path, which a reviewer
 * sees.
 */
export function pathsStayInside(plan: PlanSource, project: Project): Finding[] {
  return [
    ...pathsOf(plan)
      .filter((one) => isOutside(one, project))
      .map((one) => leadsOut(one, project, 'leads')),
    ...numbered(plan.collect)
      .filter(([, pattern]) => isAbsolute(pattern) || pattern.split('/').includes('..'))
      .map(([index, pattern]): Finding => ({
        code: 'path-outside',
        at: ['collect', index],
        message: `the pattern ${quote(pattern)} leads out of the deploy folder`,
        hint: 'What is collected is archived with the images: let the build put it beside them.',
      })),
    ...pathsOf(plan)
      .filter((one) => hasColon(one, project))
      .map(colon),
  ];
}

/** Whether a path is refused as it is written, whatever lies there. */
export const isRefused = (one: PlanPath, project: Project): boolean =>
  isOutside(one, project) || hasColon(one, project);

const isOutside = (one: PlanPath, { dir, root }: Project): boolean =>
  isBound(one) && !isInside(resolve(dir, one.path), root);
const hasColon = (one: PlanPath, { dir }: Project): boolean =>
  one.isKasFile === true && resolve(dir, one.path).includes(':');

/** Links in the project do not lead out of it either. */
export async function linksStayInside(plan: PlanSource, project: Project): Promise<Finding[]> {
  const root = await realpath(project.root);
  const findings: Finding[] = [];
  for (const one of pathsOf(plan).filter(isBound)) {
    const path = resolve(project.dir, one.path);
    if (isInside(path, project.root) && !isInside(await realPlace(path), root))
      findings.push(leadsOut(one, project, 'leads through a link'));
  }
  return findings;
}

const isBound = (one: PlanPath): boolean => one.role === 'content' || !isAbsolute(one.path);

function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}

/** Where a path really is; as much of it as exists. */
async function realPlace(path: string): Promise<string> {
  const real = await ifPresent(realpath(path));
  if (real !== undefined || dirname(path) === path) return real ?? path;
  return join(await realPlace(dirname(path)), basename(path));
}

function leadsOut({ at, path, role }: PlanPath, project: Project, how: string): Finding {
  return {
    code: 'path-outside',
    at,
    message: `${formatPointer(at)} ${how} out of the project ${project.root}: ${quote(path)}`,
    hint:
      role === 'content'
        ? 'What a plan is made of lies in its repository: move or copy the file there.'
        : 'Write an absolute path if it is meant.',
  };
}

function colon({ at, path }: { at: Pointer; path: string }): Finding {
  return {
    code: 'path-colon',
    at,
    message: `${formatPointer(at)} has a colon in its path: ${quote(path)}`,
    hint: 'kas separates the files of a chain by colons: rename the file or its folder.',
  };
}
