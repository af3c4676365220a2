import { join } from 'node:path';
import { MANIFEST_SIGNATURE } from '../../archive/layout.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import { writeFileAtomic } from '../../io/atomic.ts';
import { vouchingKeys } from '../../swu/statement.ts';
import type { Delivery } from '../delivery.ts';
import { registryOf } from '../inputs.ts';
import type { SwupdateSnapshot } from './snapshot.ts';
import { contradictions, signatureOf, vouchFor } from './vouched.ts';

/** Signs what was archived before manifests were signed; see {@link Delivery.signManifests}. */
export const signManifests: Delivery<SwupdateSnapshot>['signManifests'] = async ({ snapshot }, host) => {
  const { inputs, archive } = snapshot;
  const { plan } = inputs;
  const { signing } = plan;
  if (signing === undefined)
    throw new ReleasePlanError('usage', `${plan.file} has no "signing": its manifests have no signatures`);
  const keys = await vouchingKeys(signing, { env: host.env, planDir: plan.dir });
  const unsigned: Array<{ version: string; dir: string; digest: string }> = [];
  const problems: string[] = [];
  for (const [version, entry] of archive.versions) {
    if (entry.state === 'absent') continue;
    if (entry.state !== 'whole') throw new ReleasePlanError('archive-damaged', entry.problems.join('; '));
    const { digest, isMissing, problem } = await signatureOf(plan, version, entry.dir, keys, host.env);
    // A signature that does not hold is no missing one: somebody has altered one of the two.
    if (problem !== undefined && !isMissing) throw new ReleasePlanError('archive-damaged', problem);
    problems.push(...(await contradictions(plan, entry, registryOf(inputs), host)));
    if (isMissing) unsigned.push({ version, dir: entry.dir, digest });
  }
  // All are looked at before the first is signed.
  if (problems.length > 0) throw new ReleasePlanError('archive-contradicted', problems.join('; '));
  const written: string[] = [];
  for (const { version, dir, digest } of unsigned) {
    const signature = await vouchFor(plan, version, host)?.(digest);
    if (signature === undefined) continue;
    const path = join(dir, MANIFEST_SIGNATURE);
    await writeFileAtomic(path, signature);
    written.push(path);
  }
  return written;
};
