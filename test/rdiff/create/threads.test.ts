/** What a process keeps from one delta or signature to the next: threads, and no memory. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { run } from '../../../src/io/process.ts';
import { createDelta } from '../../../src/rdiff/create.ts';
import { failureOf } from '../../support/failure.ts';
import { noise } from '../../support/noise.ts';
import { scratch } from '../../support/scratch.ts';

const test = suite('rdiff/create/threads');
const dir = scratch('threads');
const path = (name: string): string => join(dir, name);

const MIB = 2 ** 20;

/** Runs lines of a module of its own, which has to end by itself. @returns what it prints */
async function said(lines: string): Promise<string> {
  const built = (file: string): string => JSON.stringify(new URL(`../../../dist/${file}`, import.meta.url).href);
  const script = `
    import { readFileSync } from 'node:fs';
    import { createDelta } from ${built('rdiff/create.js')};
    import { signature } from ${built('rdiff/signature.js')};
    const [base, target, delta, small] = ${JSON.stringify(['base', 'target', 'delta', 'small'].map(path))};
    const residentMiB = () => Number(/VmRSS:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;
    ${lines}`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { timeoutMs: 120_000 });
  return stdout;
}

test('deltas and signatures one after the other take the memory of one', async () => {
  writeFileSync(path('small'), noise(MIB, 1));
  writeFileSync(path('base'), noise(16 * MIB, 1));
  writeFileSync(path('target'), noise(16 * MIB, 2));
  const grown = JSON.parse(
    await said(`
      const options = { workers: 2 };
      for (let one = 0; one < 2; one += 1) await createDelta(base, target, delta, options);
      const first = residentMiB();
      for (let one = 0; one < 6; one += 1) await createDelta(base, target, delta, options);
      const deltas = residentMiB() - first;
      for (let one = 0; one < 20; one += 1) await signature(small, delta, { workers: 1 });
      const second = residentMiB();
      for (let one = 0; one < 60; one += 1) await signature(small, delta, { workers: 1 });
      console.log(JSON.stringify({ deltas, signatures: residentMiB() - second }));`),
  ) as { deltas: number; signatures: number };
  // Not freed, each delta keeps some 35 MiB here, and each signature 1 MiB.
  assert.ok(grown.deltas < 80, `six deltas left ${grown.deltas} MiB`);
  assert.ok(grown.signatures < 45, `60 signatures left ${grown.signatures} MiB`);
});

test('deltas share threads, in turn and at once, and a stopped one spoils none', async () => {
  const base = noise(20 * MIB, 3);
  const target = Uint8Array.from(base);
  target.set(noise(3 * MIB, 4), 7 * MIB);
  writeFileSync(path('base'), base);
  writeFileSync(path('target'), target);
  await createDelta(path('base'), path('target'), path('alone'), { workers: 1 });
  const alone = readFileSync(path('alone'));
  for (let round = 0; round < 2; round += 1) {
    const stop = new AbortController();
    const stopped = failureOf(
      async () =>
        await createDelta(path('base'), path('target'), path('stopped'), {
          workers: 3,
          signal: stop.signal,
          onProgress: () => stop.abort(),
        }),
    );
    const names = [`one-${round}`, `other-${round}`];
    await Promise.all(
      names.map(async (name) => await createDelta(path('base'), path('target'), path(name), { workers: 3 })),
    );
    assert.is((await stopped).code, 'interrupted');
    for (const name of names) assert.ok(readFileSync(path(name)).equals(alone), `${name} differs`);
  }
});

test.run();
