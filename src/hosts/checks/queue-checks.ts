/** Whether a host can work with a queue. */
import type { HostCheck } from '../../core/host-check.ts';
import { connectionOf, disconnect, requireAnswer } from '../queue/connection.ts';
import type { QueueAddress } from '../queue/address.ts';
import { clockCheck } from './clock.ts';

/** What BullMQ recommends; Debian 12 has 7.0. */
const LEAST_REDIS = [6, 2] as const;

/**
 * Asks redis.
 *
 * @throws ReleasePlanError `queue-unreachable`
 */
export async function queueChecks(address: QueueAddress, signal: AbortSignal): Promise<HostCheck[]> {
  const { Queue } = await import('bullmq');
  const queue = new Queue('release-plan-doctor', { connection: connectionOf(address), skipMetasUpdate: true });
  try {
    await requireAnswer(queue, address, signal);
    const beganMs = Date.now();
    const info = await (await queue.getBackend().client).info();
    const endedMs = Date.now();
    const said = /^redis_version:(\S+)/m.exec(info)?.[1] ?? 'unknown';
    const micros = /^server_time_usec:(\d+)/m.exec(info)?.[1];
    const [major = 0, minor = 0] = said.split('.').map(Number);
    const isOld = major < LEAST_REDIS[0] || (major === LEAST_REDIS[0] && minor < LEAST_REDIS[1]);
    return [
      { name: 'queue', state: 'ok', detail: `${address.text} answers in ${endedMs - beganMs} ms` },
      {
        name: 'redis',
        state: isOld ? 'failed' : 'ok',
        detail: isOld ? `${said}; ${LEAST_REDIS.join('.')} or later is needed` : said,
      },
      ...(micros === undefined
        ? []
        : [clockCheck('clock of the queue', Math.floor(Number(micros) / 1000), beganMs, endedMs)]),
    ];
  } finally {
    await disconnect(queue);
  }
}
