/** Connections to redis over a network that swallows what is sent. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { queueAddress } from '../../src/hosts/queue/address.ts';
import { connectionOf, disconnect } from '../../src/hosts/queue/connection.ts';
import { redisServer } from '../support/redis.ts';

const test = suite('queue connection');

const SILENCE_MS = 500;
const PATIENCE_MS = 30_000;

test('a connection that falls silent is made anew, and what was asked is answered', async () => {
  const redis = await redisServer();
  const sockets = new Set<Socket>();
  const silent = new Set<Socket>();
  const between = createServer((client) => {
    const server = connect(redis.port, '127.0.0.1');
    sockets.add(client).add(server);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      // Without a word and without an end, as a pulled cable.
      from.on('data', (chunk) => void (silent.has(client) || to.write(chunk)));
      from.on('error', () => undefined);
      from.on('close', () => void to.destroy());
    }
  });
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
  const { port } = between.address() as AddressInfo;
  const address = queueAddress(`redis://127.0.0.1:${port}`, {});
  const queue = new Queue('queue', { connection: connectionOf(address, { silenceMs: SILENCE_MS }) });
  queue.on('error', () => undefined);
  try {
    await queue.waitUntilReady();
    assert.is(await queue.getJobState('nothing'), 'unknown');
    for (const one of sockets) silent.add(one);
    const answer = await Promise.race([
      queue.getJobState('nothing'),
      sleep(PATIENCE_MS, 'no answer' as const, { ref: false }),
    ]);
    assert.is(answer, 'unknown');
  } finally {
    await disconnect(queue);
    for (const one of sockets) one.destroy();
    between.close();
    await redis.kill();
  }
});

test.run();
