import { execFileSync } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unoptimised } from '../../src/plan/unoptimised.ts';

const test = suite('plan: unoptimised');

test('V8 leaves a function alone while the work is done, and takes it up afterwards', () => {
  const script = `
    import { unoptimised } from ${JSON.stringify(new URL('../../dist/plan/unoptimised.js', import.meta.url).href)};
    const sum = (list) => { let total = 0; for (const one of list) total += one; return total; };
    const list = Array.from({ length: 1000 }, (_, index) => index);
    const OPTIMISED = 1 << 4;
    const isTakenUp = () => {
      for (let round = 0; round < 20000; round += 1) {
        sum(list);
        if (round % 100 === 0 && (%GetOptimizationStatus(sum) & OPTIMISED) !== 0) return true;
      }
      return false;
    };
    const during = unoptimised(isTakenUp);
    try { unoptimised(() => { throw new Error(); }); } catch {}
    console.log(during, isTakenUp());
  `;
  assert.is(
    execFileSync(process.execPath, ['--allow-natives-syntax', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    }),
    'false true\n',
  );
});

test('what the work returns and throws is handed on', () => {
  assert.is(
    unoptimised(() => 7),
    7,
  );
  assert.throws(
    () =>
      unoptimised(() => {
        throw new RangeError('no');
      }),
    (error: unknown) => error instanceof RangeError,
  );
});

test.run();
