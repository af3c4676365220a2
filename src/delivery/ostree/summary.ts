/** The summary: what makes static deltas visible to clients. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import { FEW_FILES_BYTES, withScratch } from '../../io/scratch.ts';
import { advertisedNames } from '../../static-delta/advertised.ts';
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
 * Signs a summary of nothing with the plan's key, so that a key that does not work shows before hours of work.
 *
 * @throws ReleasePlanError `ostree-key-unusable` with ostree's words
 */
export async function requireWorkingKey(repo: OstreeRepository, signal?: AbortSignal): Promise<void> {
  if (repo.gpgKey === undefined) return;
  await withScratch('summarykey', FEW_FILES_BYTES, async (path) => {
    const stop = signal ? { signal } : {};
    await ostree({ path }, ['init', '--mode=archive'], stop);
    try {
      await ostree({ path }, ['summary', '--update', ...signingFlags(repo)], stop);
    } catch (error) {
      if (!(error instanceof ReleasePlanError) || error.code !== 'tool-failed') throw error;
      const words = error.message.replace(/^ostree summary failed \(.*?\): (error: )?/, '');
      throw new ReleasePlanError(
        'ostree-key-unusable',
        `the gpg key ${repo.gpgKey} of the plan cannot sign a summary: ${words}`,
        { cause: error },
      );
    }
  });
}

const signingFlags = ({ gpgKey, gpgHomedir }: OstreeRepository): string[] =>
  gpgKey === undefined
    ? []
    : [`--gpg-sign=${gpgKey}`, ...(gpgHomedir === undefined ? [] : [`--gpg-homedir=${gpgHomedir}`])];

/**
 * Rewrites the summary and the delta indexes, signed where the plan names a key.
 *
 * ostree replaces each file whole, so that clients see the old state or the new one.
 *
 * @throws ReleasePlanError `ostree-summary-signed`, `tool-failed`, `disk-full`
 */
export async function updateSummary(repo: OstreeRepository, signal?: AbortSignal): Promise<void> {
  requireSummaryKey(repo);
  await ostree(repo, ['summary', '--update', ...signingFlags(repo)], signal ? { signal } : {});
}

/** The deltas that clients are told of, as `from-to`. */
export const advertisedDeltas = async (repo: Pick<OstreeRepository, 'path'>): Promise<Set<string>> =>
  await advertisedNames(repo.path);
