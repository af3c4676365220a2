/** What is known of the bases that deltas would start from: commits in the repository, versions in the archive. */
import { join } from 'node:path';
import { MANIFEST, versionDir } from '../../archive/layout.ts';
import { commitProblem, commitTimes, repositoryOf } from '../ostree/index.ts';
import { errnoOf } from '../../core/errors.ts';
import type { BasisFacts, DeltaEnd } from './required.ts';
import { distinct } from '../../fleet/running.ts';
import { readSealedDocument } from '../../io/documents/read.ts';
import type { VersionManifest } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import { compareVersions } from '../../plan/version.ts';
import { checkPair } from '../../report/pair.ts';
import type { FleetSituation } from './open.ts';

/** The facts for one plan, read once; {@link requiredDeltas} asks them without waiting. */
export async function basisFacts(situation: FleetSituation, signal?: AbortSignal): Promise<BasisFacts> {
  const { plan } = situation;
  return plan.ostree === undefined
    ? await archiveFacts(situation)
    : await ostreeFacts({ ...plan, ostree: plan.ostree }, situation, signal);
}

async function ostreeFacts(
  plan: Plan & { ostree: NonNullable<Plan['ostree']> },
  { registry, fleet }: FleetSituation,
  signal?: AbortSignal,
): Promise<BasisFacts> {
  const repo = repositoryOf(plan.ostree);
  // Only commits that no Target names are ordered by time.
  const named = new Set(registry.targets.map((target) => target.sha256));
  const strangers = (fleet?.groups ?? []).flatMap((group) =>
    group.commit === undefined || named.has(group.commit) ? [] : [group.commit],
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
}

async function archiveFacts({ plan, registry }: FleetSituation): Promise<BasisFacts> {
  const versions = distinct(
    registry.targets.filter((target) => target.format === 'SWUPDATE').map((target) => target.version),
  );
  const manifests = new Map<string, VersionManifest>();
  for (const version of versions) {
    const manifest = await readManifest(join(versionDir(plan, version), MANIFEST));
    if (manifest !== undefined) manifests.set(version, manifest);
  }
  const manifestOf = ({ versions: [version] }: DeltaEnd): VersionManifest | undefined =>
    version === undefined ? undefined : manifests.get(version);
  return {
    compareVersions,
    obstacle(from, to) {
      const [base, target] = [manifestOf(from), manifestOf(to)];
      const missing = base === undefined ? from : target === undefined ? to : undefined;
      if (missing !== undefined || base === undefined || target === undefined)
        return { reason: 'base-missing', detail: `${missing?.versions[0] ?? 'the version'} is not in the archive` };
      const failed = checkPair(base, target).filter((row) => row.result === 'fail');
      return failed.length === 0 ? undefined : { reason: 'layout', detail: failed.map((row) => row.detail).join('; ') };
    },
  };
}

/** A version's manifest, not compared with its files: making a delta does that, and reads gigabytes. */
async function readManifest(path: string): Promise<VersionManifest | undefined> {
  try {
    const opened = await readSealedDocument<VersionManifest>('manifest', path);
    return 'problem' in opened ? undefined : opened.value;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
