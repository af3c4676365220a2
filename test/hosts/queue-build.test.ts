/** Builds on a worker: the host that has the build directory takes them by a label, and is killed in one. */
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { processesIn } from '../kas/project.ts';
import { product, type CliResult, type Product } from '../support/product.ts';
import { redisServer, type RedisServer } from '../support/redis.ts';

const test = suite('queue: builds');

const PATIENCE_MS = 90_000;

let here: Product;
let redis: RedisServer;
const env = { ...process.env, RELEASE_PLAN_QUEUE_KEY: 'a secret that all hosts share' };

test.before(async () => {
  here = product('queue-builds', 1);
  redis = await redisServer();
});

test.after(async () => {
  for (const line of processesIn(here.dir)) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
  await redis.kill();
});

function start(...args: string[]): {
  said(): string;
  says(words: RegExp): Promise<void>;
  kill(): void;
  done: Promise<CliResult>;
} {
  const { child, done } = here.start([...args, '--queue', redis.url], env);
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => void (said += chunk.toString('utf8')));
  return {
    said: () => said,
    async says(words) {
      for (const until = performance.now() + PATIENCE_MS; !words.test(said); await sleep(20))
        if (performance.now() > until || child.exitCode !== null) throw new Error(`it does not say ${words}: ${said}`);
    },
    kill: () => void child.kill('SIGKILL'),
    done,
  };
}

test('workers build, archive and make the delta; one is killed in the middle of a build, and another builds it', async () => {
  here.edit((plan) => {
    const slow = here.kasFile('slow', ['STAND_IN_TASK_SECONDS = "1"']);
    plan.versions = [
      { version: '0.1.0', tags: ['promoted'], kas: [slow] },
      { version: '0.3.0', kas: [slow] },
    ];
  });
  // A worker starts no archive.
  await here.run(['apply', 'plan.yml', '--only', 'report']);
  const unlabelled = start('worker', 'plan.yml');
  const dying = start('worker', 'plan.yml', '--only', 'build', '--label', 'big');
  await Promise.all([unlabelled.says(/takes build steps/), dying.says(/takes build steps/)]);
  const run = start('apply', 'plan.yml', '--hand-out', 'build,delta', '--label', 'big', '--json');
  await run.says(/task 1 of/);
  dying.kill();
  const next = start('worker', 'plan.yml', '--label', 'big');
  const { exitCode, stderr, stdout } = await Promise.race([
    run.done,
    sleep(PATIENCE_MS, undefined, { ref: false }).then(() => {
      throw new Error(`it does not end: ${run.said()}\n${next.said()}`);
    }),
  ]);
  assert.is(exitCode, 0, stderr);
  const { steps } = (JSON.parse(stdout) as { plans: Array<{ steps: Array<{ title: string; message: string }> }> })
    .plans[0] ?? { steps: [] };
  assert.equal(
    steps.map(({ title }) => title),
    ['build 0.1.0', 'archive 0.1.0', 'build 0.3.0', 'archive 0.3.0', 'delta 0.1.0 -> 0.3.0 (rdiff)', 'report'],
  );
  assert.match(steps[0]?.message ?? '', /^\S+\/\d+: \d+ files, .*rootfs/);
  assert.match(next.said(), /> build 0\.1\.0\n(.*\n)*.*> build 0\.3\.0\n(.*\n)*.*> delta 0\.1\.0/);
  assert.not.match(unlabelled.said(), /^> /m);
  const again = await here.run(['apply', 'plan.yml']);
  assert.match(again.stdout, 'Nothing to do', again.stderr);
  const verified = await here.run(['verify', 'plan.yml', '--deep']);
  assert.is(verified.exitCode, 0, verified.stdout);
});

test.run();
