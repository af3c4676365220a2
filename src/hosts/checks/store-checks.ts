/** Whether a host can work with the store of a plan. */
import { randomUUID } from 'node:crypto';
import { archiveIdHere } from '../../archive/identity.ts';
import type { HostCheck } from '../../core/host-check.ts';
import type { Plan } from '../../core/plan.ts';
import { archiveIdThere } from '../store/identity.ts';
import { openStore, type StoreHost } from '../store/open.ts';
import type { WriteStore } from '../store/store.ts';
import { clockCheck } from './clock.ts';

/** The clock is told in whole seconds. */
const CLOCK_STEP_MS = 1000;

/**
 * Asks the store, and writes and removes one small file below `claims/`.
 *
 * @throws ReleasePlanError `usage`, `server-*`, `secret-*`
 */
export async function storeChecks(plan: Plan, host: StoreHost): Promise<HostCheck[]> {
  const store = await openStore(plan, host);
  const startMs = performance.now();
  const there = await archiveIdThere(store);
  const tookMs = Math.round(performance.now() - startMs);
  return [
    { name: 'store', state: 'ok', detail: `${store.address} answers in ${tookMs} ms` },
    await identityCheck(plan, there),
    ...(await clockOf(store)),
    await conditionsCheck(store),
  ];
}

async function identityCheck(plan: Plan, there: string | undefined): Promise<HostCheck> {
  const here = await archiveIdHere(plan);
  const name = 'archive';
  if (there === undefined)
    return { name, state: 'ok', detail: 'the store is empty: `archive push` or `apply` fills it' };
  if (here === undefined) return { name, state: 'ok', detail: `${there} is in the store, and nothing of it here` };
  if (here === there) return { name, state: 'ok', detail: `${there} is in the store and here` };
  return { name, state: 'failed', detail: `${plan.artifacts} is the archive ${here}, the store has ${there}` };
}

async function clockOf(store: WriteStore): Promise<HostCheck[]> {
  const beganMs = Date.now();
  const theirsMs = await store.clockMs();
  if (theirsMs === undefined) return [];
  const seconds = Math.floor(beganMs / CLOCK_STEP_MS) * CLOCK_STEP_MS;
  return [clockCheck('clock of the store', theirsMs, seconds, Date.now())];
}

async function conditionsCheck(store: WriteStore): Promise<HostCheck> {
  const name = `claims/doctor/${randomUUID()}.json`;
  const bytes = Buffer.from('{"schema":1}\n');
  try {
    await store.write(name, bytes, undefined);
    if ((await store.read(name))?.bytes.equals(bytes) !== true)
      return { name: 'writing', state: 'failed', detail: `${name} was written, and cannot be read` };
    return (await store.write(name, bytes, undefined))
      ? {
          name: 'conditional writes',
          state: 'limited',
          detail: 'are ignored: names are given by claims, which takes longer',
        }
      : { name: 'conditional writes', state: 'ok', detail: 'hold' };
  } finally {
    await store.remove(name);
  }
}
