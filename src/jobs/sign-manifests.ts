import { withArchive } from '../archive/exclusive.ts';
import { ReleasePlanError } from '../core/errors.ts';
import type { Plan } from '../core/plan.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { reprove, verificationOf, type Verification } from './verify.ts';

/**
 * Signs the manifests of what was archived before manifests were signed, after
 * everything archived was verified. Nothing is signed when anything of it fails.
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
    if (!verification.report.consistent) return { ...verification, signed: [] };
    return { ...verification, signed: await deliveryOf(plan).signManifests(found, host) };
  });
}
