/** What a host can do for a plan, and for the others that work on it. */
import { stat } from 'node:fs/promises';
import { failureToTell, ReleasePlanError } from '../core/errors.ts';
import type { HostCheck } from '../core/host-check.ts';
import type { Plan } from '../core/plan.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { queueChecks } from '../hosts/checks/queue-checks.ts';
import { storeChecks } from '../hosts/checks/store-checks.ts';
import type { QueueAddress } from '../hosts/queue/address.ts';
import { Seal } from '../hosts/queue/seal.ts';
import { ifPresent } from '../io/present.ts';
import { toolVersion } from '../io/process.ts';
import type { ToolName } from '../io/tools.ts';
import { kasVersion } from '../kas/build.ts';

export interface DoctorRequest {
  /** What the host is to work for; undefined for nothing yet. */
  plan: Plan | undefined;
  queue: QueueAddress | undefined;
  /** Whether the plan's store is asked. */
  store: boolean;
}

/** What deltas are made and proven with. */
const FOR_DELTAS: readonly ToolName[] = ['rdiff', 'cpio', 'gzip', 'swupdate'];

/**
 * Looks at everything that was asked for; what fails is a result, and keeps nothing else from being looked at.
 *
 * @throws AbortError, and bugs
 */
export async function hostChecks({ plan, queue, store }: DoctorRequest, host: Host): Promise<HostCheck[]> {
  const checks: HostCheck[] = [];
  const add = async (name: string, body: () => Promise<HostCheck[]>): Promise<void> => {
    try {
      checks.push(...(await body()));
    } catch (error) {
      const known = failureToTell(error, host.signal);
      checks.push({ name, state: 'failed', detail: `${known.code}: ${known.message}` });
    }
  };
  if (queue !== undefined) {
    await add('queue', async () => await queueChecks(queue, host.signal));
    await add('key of the queue', async () => {
      void new Seal(host.env);
      return [{ name: 'key of the queue', state: 'ok', detail: 'is set' }];
    });
  }
  if (plan === undefined) return checks;
  if (store) await add('store', async () => await storeChecks(plan, host));
  await add('build', async () => [await buildCheck(plan, host)]);
  await add('deltas', async () => [await deltaCheck(plan)]);
  await add('sign', async () => [await signCheck(plan, host, store)]);
  return checks;
}

async function buildCheck({ kas }: Plan, { env }: Host): Promise<HostCheck> {
  const name = 'build';
  if (kas === undefined) return { name, state: 'ok', detail: 'the plan builds nothing' };
  if ((await ifPresent(stat(kas.workDir)))?.isDirectory() !== true)
    return { name, state: 'limited', detail: `this host cannot build: ${kas.workDir} is not there` };
  const version = await orMissing(kasVersion(kas, env));
  if (version === undefined)
    return { name, state: 'limited', detail: `this host cannot build: ${kas.command} is missing` };
  return { name, state: 'ok', detail: version };
}

/** A program that is there and cannot say its version counts as missing: it cannot be run. */
async function orMissing(version: Promise<string>): Promise<string | undefined> {
  return await version.catch((error: unknown) => {
    if (error instanceof ReleasePlanError) return undefined;
    throw error;
  });
}

async function deltaCheck(plan: Plan): Promise<HostCheck> {
  const name = 'deltas';
  if (deliveryOf(plan).handOut === undefined)
    return { name, state: 'ok', detail: 'are made beside the repository, by apply alone' };
  const missing: ToolName[] = [];
  for (const tool of FOR_DELTAS) if ((await orMissing(toolVersion(tool))) === undefined) missing.push(tool);
  return missing.length === 0
    ? { name, state: 'ok', detail: 'can be made and proven here' }
    : { name, state: 'limited', detail: `cannot be made or proven here: ${missing.join(', ')} missing` };
}

async function signCheck(plan: Plan, host: Host, withStore: boolean): Promise<HostCheck> {
  const name = 'sign';
  if (plan.signing === undefined) return { name, state: 'ok', detail: 'the plan signs nothing' };
  const unsignable = await deliveryOf(plan).handOut?.unsignable(plan, host);
  if (unsignable === undefined) return { name, state: 'ok', detail: 'the key is here, and signs' };
  const detail = withStore
    ? `no key here: with a store, a worker needs it (${unsignable})`
    : `no key here: deltas are left to the host that has it (${unsignable})`;
  return { name, state: 'limited', detail };
}
