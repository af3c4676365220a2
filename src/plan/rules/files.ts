import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { formatPointer, quote, type Finding } from '../finding.ts';
import type { PlanSource } from '../source.ts';
import { closestName } from '../../text/suggest.ts';
import { pathsOf, type PlanPath } from './path-keys.ts';
import { isRefused } from './paths.ts';
import type { Project } from './project.ts';
import { ifPresent } from '../../io/present.ts';

/** What the plan is made of is there. */
export async function filesExist(plan: PlanSource, project: Project): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const one of pathsOf(plan)) {
    const finding = one.exists === undefined || isRefused(one, project) ? undefined : await missing(one, project);
    if (finding !== undefined) findings.push(finding);
  }
  return findings;
}

async function missing({ at, path, exists }: PlanPath, project: Project): Promise<Finding | undefined> {
  const wanted = exists === 'folder' ? 'folder' : 'file';
  const absolute = resolve(project.dir, path);
  const found = await ifPresent(stat(absolute));
  if (found !== undefined && (wanted === 'folder' ? found.isDirectory() : found.isFile())) return undefined;
  const problem = found === undefined ? 'does not exist' : `is no ${wanted}`;
  return {
    code: 'path-missing',
    at,
    message: `${formatPointer(at)} is ${quote(path)}, which ${problem}`,
    hint: (await nearName(path, absolute)) ?? `Paths are relative to the plan's folder, ${project.dir}.`,
    // Devices are exported by a job of their own, perhaps later.
    ...(exists === 'file-later' ? { severity: 'warning' } : {}),
  };
}

/** A file that was probably meant: a near name in the same folder. */
async function nearName(path: string, absolute: string): Promise<string | undefined> {
  const names = await readdir(dirname(absolute)).catch(() => []);
  const near = closestName(basename(absolute), names.filter((name) => name !== basename(absolute)).slice(0, 1000));
  return near === undefined ? undefined : `Did you mean ${JSON.stringify(join(dirname(path), near))}?`;
}
