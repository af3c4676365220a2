import { ReleasePlanError } from '../../core/errors.ts';
import type { Host } from '../../delivery/host.ts';
import { deliveryOf } from '../../delivery/index.ts';
import type { Snapshot } from '../../delivery/snapshot.ts';
import type { QueueAddress } from './address.ts';
import { cleanCommitOf } from './checkout.ts';
import { QueueClient } from './client.ts';
import { queueName, type Work } from './protocol.ts';
import type { HandedOut } from './runner.ts';
import type { Seal } from './seal.ts';

/** How steps are handed to workers. */
export interface QueueSettings {
  address: QueueAddress;
  seal: Seal;
  /** What is handed out; everything else is made here. */
  works: readonly Work[];
  /** Which workers: those with the same label, or with none. */
  label?: string | undefined;
}

/**
 * Runs `body` while steps of a plan can be handed out.
 *
 * @throws ReleasePlanError `queue-unreachable`; `usage` for a plan whose steps are for one host
 */
export async function withHandedOut<T>(
  { inputs: { plan } }: Snapshot,
  { address, seal, works, label }: QueueSettings,
  { archiveId, jobs }: Pick<HandedOut, 'archiveId' | 'jobs'>,
  { report, signal }: Pick<Host, 'report' | 'signal'>,
  body: (handed: HandedOut) => Promise<T>,
): Promise<T> {
  const { handOut } = deliveryOf(plan);
  if (handOut === undefined)
    throw new ReleasePlanError('usage', `${plan.file}: its deltas are made beside its repository, on one host`, {
      hint: 'Leave out --queue; --jobs sets how many deltas are made at once.',
    });
  const clients = new Map<Work, QueueClient>();
  try {
    for (const work of works)
      clients.set(work, await QueueClient.open({ address, seal, name: queueName(plan, work, label), report, signal }));
    return await body({ clients, handOut, archiveId, commit: await cleanCommitOf(plan.dir, signal), jobs });
  } finally {
    await Promise.all([...clients.values()].map(async (client) => await client.close()));
    if (signal.aborted)
      report({
        type: 'note',
        message:
          'Steps that were handed out stay in the queue, and workers make them: the same command attaches again.',
      });
  }
}
