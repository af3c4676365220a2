/** The summary: what makes static deltas visible to clients. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { ostree, type OstreeRepository } from './repository.ts';

/**
 * Refuses to go on where an update of the summary would take its signature away.
 *
 * @throws ReleasePlanError `ostree-summary-signed`
 */
export function requireSummaryKey(repo: OstreeRepository): void {
  if (repo.gpgKey !== undefined || !existsSync(join(repo.path, 'summary.sig'))) return;
  throw new ReleasePlanError(
    'ostree-summary-signed',
    `${repo.path} has a signed summary (summary.sig), but the plan has no key to sign the next one`,
  );
}

/**
 * Rewrites the summary and the delta indexes, signed where the plan names a key.
 *
 * ostree replaces each file whole, so that clients see the old state or the new one.
 *
 * @throws ReleasePlanError `ostree-summary-signed`, `tool-failed`, `disk-full`
 */
export async function updateSummary(repo: OstreeRepository, signal?: AbortSignal): Promise<void> {
  requireSummaryKey(repo);
  const signing =
    repo.gpgKey === undefined
      ? []
      : [`--gpg-sign=${repo.gpgKey}`, ...(repo.gpgHomedir === undefined ? [] : [`--gpg-homedir=${repo.gpgHomedir}`])];
  await ostree(repo, ['summary', '--update', ...signing], signal ? { signal } : {});
}

/** The deltas that the summary offers to clients, as `from-to`; none when there is no summary. */
export async function advertisedDeltas(repo: OstreeRepository, signal?: AbortSignal): Promise<Set<string>> {
  if (!existsSync(join(repo.path, 'summary'))) return new Set();
  const { stdout } = await ostree(repo, ['summary', '--view'], signal ? { signal } : {});
  const line = stdout.split('\n').find((one) => one.includes('ostree.static-deltas')) ?? '';
  return new Set([...line.matchAll(/'([0-9a-f]{64}-[0-9a-f]{64})'/g)].map((match) => match[1] ?? ''));
}
