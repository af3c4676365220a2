import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recordStandings } from '../../src/jobs/rollout-standing.ts';
import type { ReleaseEvent } from '../../src/core/events.ts';
import { openDestination } from '../../src/publish/kinds.ts';
import { plan } from '../support/manifests.ts';
import { scratch } from '../support/scratch.ts';

const test = suite('jobs/rollout-standing');

test('a server that does not show its rollouts to this user is a warning: what was published is published', async () => {
  const server = createServer((_request, answer) => void answer.writeHead(403).end('{}'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const warnings: string[] = [];
    const dir = scratch('rollout-standing');
    const settings = {
      name: 'field',
      kind: 'hawkbit',
      auto: false,
      options: {
        url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        user: 'ci',
        password_env: 'PASSWORD',
      },
    };
    const host = {
      env: { PASSWORD: 'x' },
      planDir: dir,
      signal: new AbortController().signal,
      report: (event: ReleaseEvent): void => void (event.type === 'warning' && warnings.push(event.message)),
    };
    const destination = await openDestination(settings, host);
    await recordStandings(plan({ dir, artifacts: dir }), destination, new Set(['0.3.0']), host);
    assert.is(warnings.length, 1);
    assert.match(warnings[0] ?? '', /^how rollouts stand is not known: .*403/);
  } finally {
    server.close();
  }
});

test.run();
