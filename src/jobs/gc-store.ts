/** The part of gc that is about a store. */
import type { Verdict } from '../archive/retention.ts';
import { trashMsOf } from '../archive/trash.ts';
import type { Plan } from '../core/plan.ts';
import type { Unneeded } from '../delivery/delivery.ts';
import type { Host } from '../delivery/host.ts';
import type { Subject } from '../hosts/store/names.ts';
import type { StoreSession } from '../hosts/store/session.ts';
import type { PruneStore } from '../hosts/store/store.ts';
import { sweep, type Swept } from '../hosts/store/sweep.ts';
import { whileMoving } from '../hosts/store/transfer.ts';

/** What gc did to a store, or would do, in words. */
export interface StoreGc {
  address: string;
  /** Moved to its trash; for a dry run what the verdicts say. */
  removed: string[];
  /** Can be restored no more. */
  emptied: string[];
  /** Content that nothing led to any more. */
  swept: Swept;
}

interface StoreGcQuestion {
  doomed: ReadonlyArray<Pick<Verdict, 'of'> & { subject: string }>;
  running: Unneeded['running'];
  dryRun: boolean;
  now: Date;
}

/** The part of a store, before that of the folder: interrupted between the two, the next run moves what is here. */
export async function gcStore(
  plan: Plan,
  host: Host,
  session: StoreSession | undefined,
  store: PruneStore | undefined,
  { doomed, running, dryRun, now }: StoreGcQuestion,
): Promise<{ store?: StoreGc }> {
  if (session === undefined || store === undefined) return {};
  const removed = dryRun
    ? doomed.map(({ subject }) => subject)
    : await session.remove(
        doomed.map(({ of: { from, to } }): Subject =>
          from === undefined ? { kind: 'version', version: to } : { kind: 'update', from, to },
        ),
        now,
      );
  const emptied = await session.emptyTrash({ at: now, trashMs: trashMsOf(plan), dryRun }, (subject) => {
    if (subject.kind === 'update' || running?.has(subject.version) !== true) return false;
    if (subject.kind === 'version')
      host.report({
        type: 'warning',
        message:
          `devices run ${subject.version}, which is in the trash of ${session.address} and stays there; to restore ` +
          `it: release-plan archive restore ${plan.file} --versions ${subject.version}`,
      });
    return true;
  });
  const swept = await whileMoving(
    { plan, signal: host.signal },
    async () => await sweep({ plan, store, signal: host.signal }, { dryRun }),
  );
  if (swept.problem !== undefined) {
    const why = `${swept.problem}; see \`release-plan archive verify ${plan.file}\``;
    host.report({ type: 'warning', message: `no content was removed from ${session.address}: ${why}` });
  }
  return { store: { address: session.address, removed, emptied, swept } };
}
