/** Which changing files of an archive its store keeps. */
import { join, relative } from 'node:path';
import { productDir } from '../../archive/layout.ts';
import type { Plan } from '../../core/plan.ts';
import { registryFile } from '../../delivery/inputs.ts';
import type { StoredDocument } from './documents.ts';

/** What publishing remembers, see publish/record.ts. */
const PUBLISHED = 'published.json';

/**
 * The registry, where it lies in the archive and not beside the plan, and what was published. Reports and logs are made
 * by whoever runs.
 */
export function storedDocuments(plan: Plan): StoredDocument[] {
  const published = join(productDir(plan), PUBLISHED);
  const paths = plan.targets === undefined ? [registryFile(plan), published] : [published];
  return paths.map((path) => ({ name: relative(plan.artifacts, path), path }));
}
