import { withArchive } from '../archive/exclusive.ts';
import type { Task } from '../core/events.ts';
import type { Plan } from '../core/plan.ts';
import type { Repair, Reproven } from '../delivery/delivery.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { joinStore, StoreSession } from '../hosts/store/session.ts';
import { reprove, verificationOf, type Verification } from './verify.ts';

export interface RepairResult extends Verification {
  repairs: Repair[];
}

/**
 * Verifies, and makes again what can be made again from what is whole. What
 * cannot is named and left as it is. With a store, what is missing or damaged here is brought from there first.
 *
 * @throws ReleasePlanError `locked`, `interrupted`; `server-*`, `store-*`
 */
export async function verifyAndRepair(
  plan: Plan,
  host: Host,
  { deep, waitMs }: { deep: boolean; waitMs: number },
): Promise<RepairResult> {
  const joined = await joinStore(plan, host);
  return await withArchive(plan, `verify --repair ${plan.file}`, { waitMs, signal: host.signal }, async () => {
    const session = joined === undefined ? undefined : new StoreSession(plan, joined, host);
    const brought = (await session?.bringWhole()) ?? [];
    const repairs: Repair[] = brought.map((what) => ({
      what,
      result: 'repaired',
      detail: `brought from ${session?.address}`,
    }));
    let found: Reproven = await reprove(plan, host, { deep });
    const tasks = deliveryOf(plan)
      .repairs(found, host, { deep })
      .map(({ title, run }): Task => ({
        title,
        async run(progress) {
          const { repairs: done, ...now } = await run(found, progress);
          found = now;
          repairs.push(...done);
          return outcomeOf(done);
        },
      }));
    await host.drive(tasks);
    return { ...verificationOf(found), repairs };
  });
}

function outcomeOf(repairs: readonly Repair[]): { state: 'done' | 'failed'; message: string } {
  const beyond = repairs.filter((one) => one.result === 'beyond-repair');
  return beyond.length === 0
    ? { state: 'done', message: repairs.map((one) => one.detail).join('; ') }
    : { state: 'failed', message: beyond.map((one) => `${one.what}: ${one.detail}`).join('\n') };
}
