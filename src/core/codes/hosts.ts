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
  'store-differs': {
    exit: EXIT.inconsistent,
    about:
      'A version or an update has other bytes in the store than in the archive here, or both were changed since they ' +
      'were last the same. Devices may run either, so neither is replaced.',
    cure:
      'Find out which of the two was released. Move the other one away (out of the folder of the archive, or its ref ' +
      'and nothing else out of the store), and run the same command again. A build that was never released gets a ' +
      'new version.',
    example: 'release-plan archive push plan.yml   # 0.2.0 was built on two hosts, and one of them was pushed before',
  },
  'store-removed': {
    exit: EXIT.inconsistent,
    about:
      'A version is in the trash of the store, where gc moved it. Built or sent again with other bytes, it would be ' +
      'another one than devices may run.',
    cure:
      'Restore it with `release-plan archive restore PLAN --versions VERSION`, or give the new build a version of ' +
      'its own. When the trash was emptied, the name is free.',
    example: 'versions: [{ version: "0.1.0" }]   # again in the plan, and gc had moved it to the trash of the store',
  },
  'archive-in-store': {
    exit: EXIT.environment,
    about:
      'Every file of the archive was to be read, and some are in its store and not in the folder here. They are not ' +
      'lost, and nothing was checked.',
    cure: 'Run `release-plan archive pull PLAN` on a host that has the room, then the same command again.',
    example: 'release-plan verify plan.yml   # on a runner whose folder holds manifests alone',
  },
  'store-damaged': {
    exit: EXIT.environment,
    about:
      'An object in the store is missing or is not what its name says, or what arrived there is not what was sent. ' +
      'Nothing that names it was written, and nothing of it is used.',
    cure:
      'Run the same command again: a line that damages bytes may have been at fault. If an object stays damaged, run ' +
      '`release-plan archive verify PLAN --repair` on a host whose folder has the version whole.',
    example: 'release-plan archive pull plan.yml   # an object of the bucket was overwritten by hand',
  },
} satisfies CodeTable;
