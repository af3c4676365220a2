import { EXIT, type CodeTable } from './entry.ts';

/** Several hosts: the queue between them, and what a worker makes. */
export const hostCodes = {
  'queue-unreachable': {
    exit: EXIT.environment,
    about: 'The redis server of the queue does not answer, refuses the password, or is too old.',
    cure: 'Check the address, and that redis runs there; `redis-cli -u URL ping` answers PONG.',
    example: 'release-plan apply plan.yml --queue redis://127.0.0.1:6379   # and no redis-server runs',
  },
  'queue-key-missing': {
    exit: EXIT.environment,
    about: 'Steps in the queue are authenticated with a key that apply and all workers share, and there is none here.',
    cure:
      'Set RELEASE_PLAN_QUEUE_KEY to the same secret of at least 16 characters on all hosts; `openssl rand -hex 32` ' +
      'makes one.',
    example: 'release-plan worker plan.yml --queue redis://queue.example:6379   # without RELEASE_PLAN_QUEUE_KEY',
  },
  'queue-forged': {
    exit: EXIT.environment,
    about:
      'A step, or the answer to one, is not authenticated by the key of this host. Another key is set there, or ' +
      'somebody else writes into the queue.',
    cure: 'Set the same RELEASE_PLAN_QUEUE_KEY on all hosts, and let nobody else reach redis.',
    example: 'RELEASE_PLAN_QUEUE_KEY=another-secret-than-there release-plan worker plan.yml --queue redis://...',
  },
  'queue-differs': {
    exit: EXIT.environment,
    about:
      'A worker would make something else of a step than the host that asked for it: its plan, its public key, or ' +
      'its release-plan is another one.',
    cure: 'Bring the plan and release-plan of the worker to the same state, and run the same command again.',
    example: 'swu: { compress: zstd }   # in the plan of apply, and gzip in the plan of the worker',
  },
  'queue-worker-lost': {
    exit: EXIT.environment,
    about: 'Each of the workers that took a step died, or lost its connection, before it was done.',
    cure:
      'See the log of the workers that the message names: a step that needs more memory than they have ends them. ' +
      'Run the same command again to try once more.',
    example: 'a delta that takes 4 GiB, on workers with 2 GiB   # each is killed by the kernel',
  },
} satisfies CodeTable;
