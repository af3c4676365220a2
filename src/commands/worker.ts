import { hostname } from 'node:os';
import { EXIT, type ExitCode } from '../core/codes/index.ts';
import { examples } from './examples.ts';
import type { CommandContext, RegisterCommand } from './host.ts';
import { loadPlans } from './plans.ts';
import { jobsOf } from './jobs.ts';
import { addressAndSeal, QUEUE_FLAG, worksOf, type QueueFlags } from './queue.ts';

interface Flags extends QueueFlags {
  queue: string;
  only?: string;
  concurrency?: string;
  follow?: string;
}

export const registerWorker: RegisterCommand = (program, run) => {
  program
    .command('worker')
    .description('make steps of these plans for other hosts, which ask for them through a queue')
    .argument('<plan...>', 'plan files, folders of plans, or globs; no others are worked for')
    .requiredOption(QUEUE_FLAG, 'redis://HOST[:PORT][/DATABASE], or rediss:// for TLS')
    .option('--concurrency <number>', 'deltas or full packages to make at once, for each plan', '1')
    .option('--only <work>', 'take only this work, comma-separated: delta, full, build')
    .option('--label <label>', 'take the steps of those who ask for this label')
    .option(
      '--follow <remote>',
      'bring the checkout of the plans to the commit of whoever asks, from this remote of it',
    )
    .addHelpText(
      ...examples({
        'Make deltas and full packages': 'release-plan worker plan.yml --queue redis://queue.example --only delta',
        'Build on the host that has the build directory':
          'release-plan worker plan.yml --queue rediss://queue.example --only build --label big',
        'Follow the commit of whoever asks':
          'release-plan worker plan.yml --queue redis://queue.example --follow origin',
      }),
    )
    .action(async (plans: string[], flags: Flags) => {
      await run(async (context) => await work(plans, flags, context));
    });
};

async function work(plans: readonly string[], flags: Flags, context: CommandContext): Promise<ExitCode> {
  const { WORKS } = await import('../hosts/queue/protocol.ts');
  const { queue, label, only, concurrency, follow } = flags;
  const works = only === undefined ? WORKS : await worksOf(only, '--only');
  const settings = await addressAndSeal(queue, label, context.env);
  const loaded = await loadPlans(plans, context);
  const { serve } = await import('../hosts/queue/worker.ts');
  await serve({
    ...settings,
    plans: loaded,
    works: loaded.every(({ kas }) => kas === undefined) ? works.filter((one) => one !== 'build') : works,
    concurrency: jobsOf(concurrency, '--concurrency') ?? 1,
    label,
    follow,
    name: `${hostname()}/${process.pid}`,
    host: context,
  });
  return EXIT.ok;
}
