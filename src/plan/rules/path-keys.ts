import type { Pointer } from '../finding.ts';
import { archivePathOf, filesOf, numbered, type PlanSource } from '../source.ts';

/** A path of the plan, and what holds for it. */
export interface PlanPath {
  at: Pointer;
  path: string;
  /**
   * content: read as a part of the plan, and so lies in the project.
   * place: a folder or data of the build host, which may lie elsewhere when the plan says so by an absolute path.
   */
  role: 'content' | 'place';
  /**
   * What must be there before anything runs; a warning for what may still come into being, nothing for what we make.
   */
  exists?: 'file' | 'folder' | 'file-later' | 'file-made-by-us';
  isKasFile?: boolean;
  takesPlaceholders?: boolean;
}

/** Keys of destinations that are paths and no secrets, which may lie anywhere. */
const PUBLISH_PATHS = ['path'];

/** Every path of a plan, but for the keys of `signing`, which are at home outside of any project. */
export function pathsOf(plan: PlanSource): PlanPath[] {
  const kasFiles = [
    ...filesOf(plan.kas?.config, ['kas', 'config']),
    ...filesOf(plan.kas?.delta_config, ['kas', 'delta_config']),
    ...numbered(plan.versions).flatMap(([index, one]) => filesOf(one.kas, ['versions', index, 'kas'])),
  ];
  const paths: PlanPath[] = kasFiles.map(({ file, at }) => ({
    at,
    path: file,
    role: 'content',
    exists: 'file',
    isKasFile: true,
  }));
  const add = (path: string | undefined, at: Pointer, rest: Omit<PlanPath, 'at' | 'path'>): void => {
    if (path !== undefined) paths.push({ at, path, ...rest });
  };
  add(plan.swu?.template, ['swu', 'template'], { role: 'content', exists: 'file' });
  for (const key of ['scripts', 'files'] as const)
    for (const [index, one] of numbered(plan.swu?.[key]))
      add(one.file, ['swu', key, index, 'file'], { role: 'content', exists: 'file' });
  add(plan.kas?.deploy, ['kas', 'deploy'], { role: 'place', takesPlaceholders: true });
  add(plan.kas?.work_dir, ['kas', 'work_dir'], { role: 'place', exists: 'folder' });
  add(archivePathOf(plan), typeof plan.artifacts === 'string' ? ['artifacts'] : ['artifacts', 'path'], {
    role: 'place',
  });
  add(plan.ostree?.repo, ['ostree', 'repo'], { role: 'place' });
  if (typeof plan.fleet === 'string') add(plan.fleet, ['fleet'], { role: 'place', exists: 'file-later' });
  else add(plan.fleet?.file, ['fleet', 'file'], { role: 'place', exists: 'file-later' });
  for (const [index, one] of numbered(plan.publish))
    for (const key of PUBLISH_PATHS)
      if (typeof one[key] === 'string') add(one[key], ['publish', index, key], { role: 'place' });
  if (typeof plan.targets === 'string') add(plan.targets, ['targets'], { role: 'place', exists: 'file-made-by-us' });
  else add(plan.targets?.file, ['targets', 'file'], { role: 'place', exists: 'file-made-by-us' });
  return paths;
}
