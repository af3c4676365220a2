import { join } from 'node:path';
import { manifestOf, problemsOf, type DeltaInfo, type FullInfo } from '../../core/archive.ts';
import { pairText, type Pair } from '../../core/pair.ts';
import type { Plan } from '../../core/plan.ts';
import type { Publication, ReleasePackage, Unproven } from '../../core/publication.ts';
import type { CheckRow } from '../../core/report.ts';
import type { WorkStep } from '../../core/step.ts';
import { notOffered } from '../../report/full.ts';
import type { SwupdateSnapshot } from './snapshot.ts';

/** What is known of a snapshot by the delivery itself. */
export interface Judged {
  /** What is still to be made. */
  steps: readonly WorkStep[];
  /** The report's checks. */
  checks: readonly CheckRow[];
}

/** The packages that the plan requires and offers, each whole and current, none of its checks failing. Pure. */
export function publicationOf(snapshot: SwupdateSnapshot, judged: Judged): Publication {
  const { inputs, archive, pairs, fulls } = snapshot;
  const { plan } = inputs;
  const packages: ReleasePackage[] = [];
  const unproven: Unproven[] = [];
  for (const pair of pairs) {
    const entry = archive.updates.get(pair);
    // Devices take the full package then; one that the plan no longer wants is not published, and replaces none.
    const full = fulls.includes(pair.to) ? manifestOf(archive.fulls.get(pair.to)) : undefined;
    if (entry?.state === 'whole' && notOffered(entry.manifest, full, pair.maxShare)) continue;
    const reason = reasonToKeepBack(pair, problemsOf(entry), judged);
    if (reason !== undefined) unproven.push({ subject: pairText(pair), reason });
    else if (entry?.state === 'whole') packages.push(packageOf(plan, entry.manifest, entry.dir));
    else unproven.push({ subject: pairText(pair), reason: 'not in the archive' });
  }
  for (const version of fulls) {
    const entry = archive.fulls.get(version);
    const reason = reasonToKeepFullBack(version, problemsOf(entry), judged);
    if (reason !== undefined) unproven.push({ subject: `full package ${version}`, reason });
    else if (entry?.state === 'whole') packages.push(fullOf(plan, entry.manifest, entry.dir));
    else unproven.push({ subject: `full package ${version}`, reason: 'not in the archive' });
  }
  return { kind: 'packages', packages, unproven };
}

function reasonToKeepFullBack(version: string, problems: readonly string[], { steps, checks }: Judged) {
  const [problem] = problems;
  if (problem !== undefined) return problem;
  const due = steps.find((step) => step.kind === 'full' && step.version === version);
  if (due !== undefined) return due.why;
  const failed = checks.find((row) => row.result === 'fail' && row.subject === version);
  return failed === undefined ? undefined : `${failed.check}: ${failed.detail}`;
}

function reasonToKeepBack(pair: Pair, problems: readonly string[], { steps, checks }: Judged): string | undefined {
  const [problem] = problems;
  if (problem !== undefined) return problem;
  const due = steps.find((step) => step.kind === 'delta' && step.from === pair.from && step.to === pair.to);
  if (due !== undefined) return due.why;
  const subjects = [pairText(pair), pair.from, pair.to];
  const failed = checks.find((row) => row.result === 'fail' && row.check !== 'full' && subjects.includes(row.subject));
  return failed === undefined ? undefined : `${failed.check}: ${failed.detail}`;
}

const packageOf = (plan: Plan, info: DeltaInfo, dir: string): ReleasePackage => ({
  product: info.product,
  machine: info.machine,
  image: info.image,
  version: info.to,
  base: {
    version: info.from,
    images: Object.fromEntries(info.partitions.map(({ name, base }) => [name, base.sha256])),
  },
  hardware: plan.swu.hardware,
  path: join(dir, info.swu.file),
  fileName: info.swu.file,
  sizeBytes: info.swu.sizeBytes,
  sha256: info.swu.sha256,
});

const fullOf = (plan: Plan, info: FullInfo, dir: string): ReleasePackage => ({
  product: info.product,
  machine: info.machine,
  image: info.image,
  version: info.version,
  hardware: plan.swu.hardware,
  path: join(dir, info.swu.file),
  fileName: info.swu.file,
  sizeBytes: info.swu.sizeBytes,
  sha256: info.swu.sha256,
});
