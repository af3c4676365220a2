import { withArchive } from '../archive/exclusive.ts';
import { ReleasePlanError } from '../core/errors.ts';
import { pairText } from '../core/pair.ts';
import type { Plan } from '../core/plan.ts';
import type { CheckName, CheckRow, ConsistencyReport } from '../core/report.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { reprove, verificationOf, type Verification } from './verify.ts';

/** Rows about what devices are to get, which says nothing of what is archived. */
const ABOUT_DEVICES: ReadonlySet<CheckName> = new Set<CheckName>(['device', 'devices', 'share']);

/**
 * Signs the manifests of what was archived before manifests were signed, after
 * everything archived was verified. Nothing is signed when anything of it fails.
 * What is not in the archive yet does not count: nothing can be made before.
 *
 * @throws ReleasePlanError `locked`, `archive-unreadable`, and as {@link Delivery.signManifests}
 */
export async function verifyAndSign(
  plan: Plan,
  host: Host,
  { deep, waitMs }: { deep: boolean; waitMs: number },
): Promise<Verification & { signed: string[] }> {
  const what = `verify --sign-manifests ${plan.file}`;
  return await withArchive(plan, what, { waitMs, signal: host.signal }, async () => {
    const found = await reprove(plan, host, { deep, acceptUnvouched: true });
    const verification = verificationOf(found);
    if (verification.unreadable.length > 0)
      throw new ReleasePlanError('archive-unreadable', verification.unreadable.join('; '));
    const report = ofArchived(verification);
    if (!report.consistent) return { ...verification, report, signed: [] };
    return { ...verification, report, signed: await deliveryOf(plan).signManifests(found, host) };
  });
}

/** The report without its rows about what is not in the archive. */
function ofArchived({ report, snapshot }: Verification): ConsistencyReport {
  const { updates, fulls } = snapshot.archive;
  const absent = new Set([...updates].flatMap(([pair, { state }]) => (state === 'absent' ? [pairText(pair)] : [])));
  const isArchived = ({ check, subject }: CheckRow): boolean => {
    if (ABOUT_DEVICES.has(check)) return false;
    return check === 'full' ? (fulls.get(subject)?.state ?? 'absent') !== 'absent' : !absent.has(subject);
  };
  const checks = report.checks.filter(isArchived);
  return { ...report, checks, consistent: checks.every(({ result }) => result !== 'fail') };
}
