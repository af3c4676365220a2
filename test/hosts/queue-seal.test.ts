import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { queueAddress } from '../../src/hosts/queue/address.ts';
import type { WorkStep } from '../../src/core/step.ts';
import { jobId, queueName, type StepJob } from '../../src/hosts/queue/protocol.ts';
import { Seal } from '../../src/hosts/queue/seal.ts';
import { failureOf } from '../support/failure.ts';

const test = suite('queue: seal and address');

const seal = (key: string): Seal => new Seal({ RELEASE_PLAN_QUEUE_KEY: key });
const KEY = 'sixteen letters.';

test('what was sealed opens by the same key and for the same purpose alone', async () => {
  const sealed = seal(KEY).seal('a step', { from: '0.1.0' });
  assert.equal(seal(KEY).open('a step', sealed), { from: '0.1.0' });
  for (const open of [
    () => seal(`${KEY}.`).open('a step', sealed),
    () => seal(KEY).open('a reply', sealed),
    () => seal(KEY).open('a step', { ...sealed, text: sealed.text.replace('1', '2') }),
    () => seal(KEY).open('a step', { ...sealed, mac: sealed.mac.slice(1) }),
    () => seal(KEY).open('a step', { text: sealed.text }),
    () => seal(KEY).open('a step', 'words'),
    () => seal(KEY).open('a step', undefined),
    () => seal(KEY).open('a step', null),
  ])
    assert.is((await failureOf(async () => open())).code, 'queue-forged');
});

test('a key that can be guessed is refused', async () => {
  for (const key of ['', 'fifteen letters'])
    assert.is((await failureOf(async () => seal(key))).code, 'queue-key-missing');
});

test('addresses: port, database, user, TLS; the password is in no text', () => {
  assert.equal(queueAddress('redis://localhost', {}), {
    text: 'redis://localhost:6379',
    connection: { host: 'localhost', port: 6379, db: 0 },
  });
  const { text, connection } = queueAddress('rediss://ci:p%40ss@queue.example:7000/3', {});
  assert.is(text, 'rediss://queue.example:7000/3');
  assert.equal(connection, {
    host: 'queue.example',
    port: 7000,
    db: 3,
    username: 'ci',
    password: 'p@ss',
    tls: { servername: 'queue.example' },
  });
  assert.is(queueAddress('redis://:old@h', { RELEASE_PLAN_QUEUE_PASSWORD: 'new' }).connection.password, 'new');
  assert.equal(queueAddress('rediss://[::1]:1', {}).connection, { host: '::1', port: 1, db: 0, tls: {} });
});

test('what is no address is refused without being repeated: it may hold a password', async () => {
  for (const text of ['', 'queue', 'http://h', 'redis://', 'redis://h/name', 'redis://:secret@h:port']) {
    const failure = await failureOf(async () => queueAddress(text, {}));
    assert.is(failure.code, 'usage');
    assert.not.match(failure.message, 'secret');
  }
});

test('a job is named by what it makes and where it goes, a queue by plan, work and label', () => {
  const identity = { kind: 'delta', from: '1', to: '2', base: ['a'] };
  const steps: WorkStep[] = [{ kind: 'delta', from: '1', to: '2', engine: 'rdiff', why: 'test' }];
  const job: StepJob = { steps, archiveId: 'x', identity };
  const id = jobId(job);
  assert.is(id, jobId({ ...job, identity: { base: ['a'], to: '2', from: '1', kind: 'delta' } }));
  assert.is(id, jobId({ ...job, commit: 'c' }), 'of images it is the same whatever commit asks');
  for (const other of [
    { ...job, archiveId: 'y' },
    { ...job, identity: { ...identity, base: ['b'] } },
  ])
    assert.is.not(jobId(other), id);
  const build: StepJob = { ...job, steps: [{ kind: 'build', version: '1', why: 'test' }] };
  assert.is.not(jobId({ ...build, commit: 'c' }), jobId({ ...build, commit: 'd' }));
  // BullMQ takes neither colons nor whole numbers.
  assert.match(id, /^make-[0-9a-f]{40}$/);
  const plan = { product: 'a:b', machine: 'm', image: 'i', artifacts: '/a', file: '/p/plan.yml' };
  const names = [
    queueName(plan, 'delta', undefined),
    queueName(plan, 'build', undefined),
    queueName(plan, 'delta', 'big'),
    queueName({ ...plan, machine: 'n' }, 'delta', undefined),
    queueName({ ...plan, file: '/p/other.yml' }, 'delta', undefined),
  ];
  assert.is(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^release-plan-a_b-(delta|build)-[0-9a-f]{16}$/);
  assert.is(queueName({ ...plan, file: '/elsewhere/plan.yml', artifacts: '/b' }, 'delta', undefined), names[0]);
});

test.run();
