import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recordStandings } from '../../src/jobs/rollout-standing.ts';
import { plan } from '../support/manifests.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('jobs/rollout-standing');

test('a server that does not show its rollouts to this user is a warning: what was published is published', async () => {
  const server = createServer((_request, answer) => void answer.writeHead(403).end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const warnings: string[] = [];
    const dir = scratch('rollout-standing');
    await recordStandings(
      plan({ dir, artifacts: dir }),
      {
        name: 'field',
        kind: 'hawkbit',
        auto: false,
        options: {
          url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          user: 'ci',
          password_env: 'PASSWORD',
        },
      },
      new Set(['0.3.0']),
      {
        env: { PASSWORD: 'x' },
        signal: new AbortController().signal,
        report: (event) => void (event.type === 'warning' && warnings.push(event.message)),
      },
    );
    assert.is(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^how rollouts stand is not known: .*403/);
  } finally {
    server.close();
  }
});

test.run();
