/** Connections to redis: made once it answers, and patient from then on. */
import type { Queue, QueueOptions } from 'bullmq';
import { ReleasePlanError, messageOf } from '../../core/errors.ts';
import type { QueueAddress } from './address.ts';

/** A server that does not answer in this time at the beginning is not there. */
const FIRST_ANSWER_MS = 4000;
/** One that was there is waited for. */
const RETRY_MS = 500;

/**
 * A server that says nothing for so long after it was asked is behind a cable that was pulled: the connection is made
 * anew, which TCP by itself does after a quarter of an hour. Longer than BullMQ has redis wait for events (10 s).
 */
const SILENCE_MS = 20_000;

/** How BullMQ connects. */
export const connectionOf = (
  { connection }: QueueAddress,
  { silenceMs = SILENCE_MS }: { silenceMs?: number } = {},
): QueueOptions['connection'] => ({
  ...connection,
  socketTimeout: silenceMs,
  maxRetriesPerRequest: null,
  connectTimeout: FIRST_ANSWER_MS,
  retryStrategy: () => RETRY_MS,
});

/** So long a connection gets to end in order; a server that is away would be waited for. */
const CLOSE_MS = 1000;

/** What ends a connection. */
interface Connected {
  close(): Promise<void>;
  disconnect(): Promise<void>;
}

/** Ends a connection, whether or not the server is there. @param patienceMs for what still runs */
export async function disconnect(connected: Connected, patienceMs = CLOSE_MS): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([
    connected.close().catch(() => undefined),
    new Promise((resolve) => void (timer = setTimeout(resolve, patienceMs))),
  ]);
  clearTimeout(timer);
  timer = undefined;
  await Promise.race([
    connected.disconnect().catch(() => undefined),
    new Promise((resolve) => void (timer = setTimeout(resolve, CLOSE_MS))),
  ]);
  clearTimeout(timer);
}

/**
 * Waits until the server of a queue answers.
 *
 * @throws ReleasePlanError `queue-unreachable`
 */
export async function requireAnswer(queue: Queue, address: QueueAddress, signal: AbortSignal): Promise<void> {
  let last: unknown;
  const hear = (error: Error): void => void (last = error);
  queue.on('error', hear);
  const refusal = (): ReleasePlanError =>
    new ReleasePlanError(
      'queue-unreachable',
      `${address.text}: ${last === undefined ? `no answer within ${FIRST_ANSWER_MS / 1000} s` : messageOf(last)}`,
    );
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      queue.waitUntilReady(),
      new Promise((_, reject) => {
        timer = setTimeout(() => reject(refusal()), FIRST_ANSWER_MS);
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      }),
    ]);
  } catch (error) {
    if (error instanceof ReleasePlanError) throw error;
    last ??= error;
    throw refusal();
  } finally {
    clearTimeout(timer);
    queue.off('error', hear);
  }
}
