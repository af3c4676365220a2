/** Which changing files of an archive its store keeps. */
import { relative } from 'node:path';
import { publishedFile, rolloutsFile, storeReadFile } from '../../archive/layout.ts';
import type { Plan } from '../../core/plan.ts';
import { registryFile } from '../../delivery/inputs.ts';
import type { StoredDocument } from './documents.ts';

/**
 * The registry, where it lies in the archive and not beside the plan, what was published, how rollouts stand, and when
 * nights read the store.
 * Reports and logs are made by whoever runs.
 */
export function storedDocuments(plan: Plan): StoredDocument[] {
  const paths = [...(plan.targets === undefined ? [registryFile(plan)] : []), publishedFile(plan)];
  const nameOf = (path: string): string => relative(plan.artifacts, path);
  return [
    ...paths.map((path) => ({ name: nameOf(path), path })),
    ...[rolloutsFile(plan), storeReadFile(plan)].map((path) => ({ name: nameOf(path), path, lastWins: true })),
  ];
}
