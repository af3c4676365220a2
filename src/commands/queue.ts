/** Flags of the commands that speak to a queue. */
import { ReleasePlanError } from '../core/errors.ts';
import type { QueueSettings } from '../hosts/queue/hand-out.ts';
import type { Work } from '../hosts/queue/protocol.ts';

export const QUEUE_FLAG = '--queue <url>';

/** Labels become part of names in redis, and are compared as they are. */
const LABEL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export interface QueueFlags {
  queue?: string;
  label?: string;
}

/** What to hand out and where to; undefined without --queue. @throws ReleasePlanError `usage`, `queue-key-missing` */
export async function queueOf(
  { queue, label, handOut }: QueueFlags & { handOut?: string },
  env: NodeJS.ProcessEnv,
): Promise<QueueSettings | undefined> {
  if (queue === undefined) {
    for (const [flag, value] of Object.entries({ '--label': label, '--hand-out': handOut }))
      if (value !== undefined)
        throw new ReleasePlanError('usage', `${flag} says which steps go into a queue, but there is no --queue`, {
          hint: 'Pass --queue, too.',
        });
    return undefined;
  }
  return {
    ...(await addressAndSeal(queue, label, env)),
    works: await worksOf(handOut ?? 'delta', '--hand-out'),
    label,
  };
}

/** @throws ReleasePlanError `usage`, `queue-key-missing` */
export async function addressAndSeal(
  queue: string,
  label: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<Pick<QueueSettings, 'address' | 'seal'>> {
  const { queueAddress } = await import('../hosts/queue/address.ts');
  const { Seal } = await import('../hosts/queue/seal.ts');
  if (label !== undefined && !LABEL.test(label))
    throw new ReleasePlanError('usage', `--label ${JSON.stringify(label)} is not a label`, {
      hint: 'Use letters, digits, dots, dashes and underscores.',
    });
  return { address: queueAddress(queue, env), seal: new Seal(env) };
}

/** @throws ReleasePlanError `usage` */
export async function worksOf(list: string, flag: string): Promise<Work[]> {
  const { WORKS } = await import('../hosts/queue/protocol.ts');
  const { suggestion } = await import('../text/suggest.ts');
  return [...new Set(list.split(',').map((one) => one.trim()))].map((name) => {
    const work = WORKS.find((one) => one === name);
    if (work !== undefined) return work;
    throw new ReleasePlanError('usage', `unknown work ${JSON.stringify(name)} in ${flag}`, {
      hint: suggestion(name, WORKS, 'kinds of work'),
    });
  });
}
