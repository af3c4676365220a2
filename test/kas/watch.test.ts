/** What a build is alive by: words and processor time, not BitBake's "still alive". Real kas throughout. */
import { spawn } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { buildProcesses, processorTimeMs } from '../../src/kas/processor-time.ts';
import { failsWith } from './expect.ts';
import { build, locked, processesIn, project } from './project.ts';

const test = suite('kas: watching a build');

test('BitBake saying that it is alive is no sign of life', async () => {
  const here = project('keepalive', ['STAND_IN_KEEPALIVE_SECONDS = "60"']);
  const kas = { ...here.kas, stallTimeoutMs: 4000 };
  const error = await failsWith('build-stalled', () =>
    locked(here, (directory) => build(here, directory, '0.1.0', { kas })),
  );
  assert.match(error.message, 'last output: Bitbake still alive');
  assert.equal(processesIn(here.dir), []);
});

test('a task that says nothing for longer than the time limit and uses the processor is left alone', async () => {
  const here = project('quiet-linker', ['STAND_IN_WORK_SECONDS = "7"']);
  const kas = { ...here.kas, stallTimeoutMs: 3000 };
  const told: string[] = [];
  await locked(here, (directory) =>
    build(here, directory, '0.1.0', { kas, heartbeatMs: 1000, onProgress: (message) => told.push(message) }),
  );
  assert.ok(
    told.some((one) => one.includes('its processes are working')),
    told.join('\n'),
  );
});

test('processor time counts what children used that have ended', async () => {
  const child = spawn('sh', ['-c', 'sh -c "i=0; while [ \\$i -lt 400000 ]; do i=\\$((i+1)); done"; sleep 60'], {
    detached: true,
  });
  try {
    const pid = child.pid ?? 0;
    let usedMs = 0;
    for (let look = 0; usedMs === 0 && look < 200; look += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      const family = await buildProcesses([pid], '/nonexistent');
      const hasEnded = family.some(({ args }) => args[0] === 'sleep');
      usedMs = hasEnded ? await processorTimeMs(family) : 0;
    }
    assert.ok(usedMs >= 50, `${usedMs} ms`);
  } finally {
    process.kill(-(child.pid ?? 0), 'SIGKILL');
  }
});

test.run();
