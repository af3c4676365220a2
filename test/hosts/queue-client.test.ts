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
import { failureOf } from '../support/failure.ts';
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

test('a build of another commit that a stopped run left makes way; one that has begun has to end', async () => {
  const redis = await redisServer();
  const address = queueAddress(redis.url, {});
  const seal = new Seal({ RELEASE_PLAN_QUEUE_KEY: 'a secret that all hosts share' });
  const build = (version: string, commit: string): StepJob => ({
    steps: [
      { kind: 'build', version, why: 'test' },
      { kind: 'archive', version, why: 'test' },
    ],
    archiveId: 'test',
    identity: { kind: 'build', version },
    commit,
  });
  const connection = { ...address.connection, maxRetriesPerRequest: null };
  const queue = new Queue('builds', { connection });
  const until = async (what: string, look: () => Promise<boolean>): Promise<void> => {
    for (const end = performance.now() + 30_000; !(await look()); await sleep(20))
      if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
  };
  const isThere = async (job: StepJob): Promise<boolean> => (await queue.getJob(jobId(job))) !== undefined;
  /** A run that asks for builds, and is stopped when they are in the queue. */
  const asked = async (...jobs: StepJob[]): Promise<void> => {
    const stopping = new AbortController();
    const { signal } = stopping;
    const client = await QueueClient.open({ address, seal, name: 'builds', report: () => undefined, signal });
    const made = Promise.allSettled(jobs.map(async (job) => await client.make(job, () => undefined)));
    for (const job of jobs) await until('it is asked for', async () => await isThere(job));
    stopping.abort(new Error('stopped'));
    await made;
    await client.close();
  };
  const [first, other, second, third] = [build('1', 'a'), build('2', 'a'), build('1', 'b'), build('1', 'c')];
  const release = new EventEmitter();
  const worker = new Worker<Sealed, Sealed>(
    'builds',
    async () => {
      await once(release, 'end');
      return seal.seal('nothing', {});
    },
    { connection, autorun: false, concurrency: 2 },
  );
  const { signal } = new AbortController();
  const client = await QueueClient.open({ address, seal, name: 'builds', report: () => undefined, signal });
  try {
    await asked(first, other);
    await asked(second);
    assert.equal([await isThere(first), await isThere(other), await isThere(second)], [false, true, true]);
    void worker.run();
    await until('it is built', async () => (await queue.getJobState(jobId(second))) === 'active');
    const failure = await failureOf(async () => await client.make(third, () => undefined));
    assert.is(failure.code, 'queue-differs');
    assert.match(failure.message, 'build 1 was asked for before, of the commit b, and is being made');
    assert.not(await isThere(third));
  } finally {
    release.emit('end');
    await client.close();
    await worker.close(true);
    await queue.close();
    await redis.kill();
  }
});

test.run();
