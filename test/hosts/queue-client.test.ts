/** What a host that applies a plan makes of what the queue says. */
import { EventEmitter, once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker, type Job } from 'bullmq';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { queueAddress } from '../../src/hosts/queue/address.ts';
import { QueueClient } from '../../src/hosts/queue/client.ts';
import { jobId, purposeOf, type StepJob, type StepReply } from '../../src/hosts/queue/protocol.ts';
import { Seal, type Sealed } from '../../src/hosts/queue/seal.ts';
import { redisServer } from '../support/redis.ts';

const test = suite('queue client');

/** Longer than the client leaves between two looks. */
const LOOK_MS = 5000;

test('a step that ends while the client looks at it is read when it has ended', async () => {
  const redis = await redisServer();
  const address = queueAddress(redis.url, {});
  const seal = new Seal({ RELEASE_PLAN_QUEUE_KEY: 'a secret that all hosts share' });
  const step: StepJob = {
    steps: [{ kind: 'delta', from: '1', to: '2', engine: 'rdiff', why: 'test' }],
    archiveId: 'test',
    identity: { from: '1', to: '2' },
  };
  const id = jobId(step);
  const reply: StepReply = { worker: 'test', message: 'made' };
  const events = new EventEmitter();
  const looked = once(events, 'looked');
  const made = once(events, 'made');
  // A slow network: the job comes as it was read, and has ended when it is there.
  const read = Queue.prototype.getJob;
  Queue.prototype.getJob = async function getJob(this: Queue, name: string) {
    const job = await read.call(this, name);
    if (job === undefined || job.finishedOn !== undefined) return job;
    events.emit('looked');
    await made;
    return job;
  } as typeof read;
  const worker = new Worker<Sealed, Sealed>(
    'queue',
    async (_job: Job) => {
      await Promise.race([looked, sleep(LOOK_MS)]);
      return seal.seal(purposeOf('queue', id, 'reply'), reply);
    },
    { connection: { ...address.connection, maxRetriesPerRequest: null } },
  );
  worker.on('completed', () => void events.emit('made'));
  const signal = AbortSignal.timeout(60_000);
  const client = await QueueClient.open({ address, seal, name: 'queue', report: () => undefined, signal });
  try {
    assert.equal(await client.make(step, () => undefined), reply);
  } finally {
    Queue.prototype.getJob = read;
    await client.close();
    await worker.close(true);
    await redis.kill();
  }
});

test.run();
