/**
 * Runs every test file in one process and ends with `N passed, N failed`.
 *
 * uvu's own runner is not used: `uvu -r tsx` fails with execa, and a throwing
 * `before()` exits 0 there (lukeed/uvu#60). Here whatever did not pass failed.
 *
 * Usage: node --import tsx test/run.ts [pattern]   (pattern: a regular expression on the path)
 */
import { fileURLToPath } from 'node:url';
import { parse } from 'uvu/parse';

type Suite = () => Promise<[errors: string | true, passed: number, skipped: number, total: number]>;
interface UvuGlobals {
  UVU_DEFER?: number;
  UVU_QUEUE?: Array<[name: string | null, ...suites: Suite[]]>;
  UVU_INDEX?: number;
}

const globals = globalThis as UvuGlobals;
const here = fileURLToPath(new URL('.', import.meta.url));
const pattern = process.argv[2] ?? '';
const { suites } = await parse(here, /\.test\.ts$/);
const wanted = suites.filter((suite) => new RegExp(pattern).test(suite.name));

let passed = 0;
let failed = 0;
const failures: string[] = [];

globals.UVU_DEFER = 1;
globals.UVU_QUEUE = [];
for (const suite of wanted) {
  globals.UVU_INDEX = globals.UVU_QUEUE.length;
  globals.UVU_QUEUE.push([suite.name]);
  const started = performance.now();
  const before = { passed, failed };
  try {
    await import(suite.file);
    const [, ...tests] = globals.UVU_QUEUE[globals.UVU_INDEX] ?? [null];
    if (tests.length === 0) throw new Error('the file registers no suite: is .run() missing?');
    for (const test of tests) {
      const [errors, good, skipped, total] = await test();
      passed += good;
      failed += total - good - skipped;
      if (typeof errors === 'string') failures.push(`${suite.name}${errors}`);
    }
  } catch (error) {
    failed += 1;
    failures.push(`${suite.name}\n${error instanceof Error ? error.stack : String(error)}`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const verdict = failed === before.failed ? 'ok  ' : 'FAIL';
  process.stdout.write(`\n${verdict} ${suite.name}  ${passed - before.passed} passed, ${failed - before.failed} failed, ${seconds} s\n`);
}

if (passed + failed === 0) {
  failed = 1;
  failures.push(`no test matches ${JSON.stringify(pattern)}`);
}
for (const failure of failures) process.stdout.write(`\n${failure}\n`);
process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
process.exitCode = failed === 0 ? 0 : 1;
