import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BuildOutput, isKeepalive, LineSplitter, parseKasLine, progressOf } from '../../src/kas/output.ts';

const test = suite('kas: output');

test('lines are the same however the bytes arrive', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'grapheme-ascii' })), fc.array(fc.nat(20)), (words, cuts) => {
      const text = words.map((one) => one.replaceAll(/[\r\n]/g, '')).join('\n');
      const bytes = Buffer.from(text);
      const lines: string[] = [];
      const splitter = new LineSplitter((line) => lines.push(line));
      let at = 0;
      for (const cut of cuts) {
        splitter.push(bytes.subarray(at, at + cut));
        at += cut;
      }
      splitter.push(bytes.subarray(at));
      splitter.end();
      assert.equal(lines.join('\n'), text.endsWith('\n') ? text.slice(0, -1) : text);
    }),
  );
});

test('a line without end is handed out in pieces, and bytes that are no UTF-8 do no harm', () => {
  const sizes: number[] = [];
  const splitter = new LineSplitter((line) => sizes.push(line.length));
  for (let chunk = 0; chunk < 40; chunk += 1) splitter.push(Buffer.alloc(10_000, 0xff));
  splitter.end();
  assert.is(
    sizes.reduce((sum, one) => sum + one, 0),
    400_000,
  );
  assert.ok(Math.max(...sizes) <= 75_000, String(sizes));
});

test('kas puts time and level before a message', () => {
  assert.equal(parseKasLine('2026-11-21 20:53:09 - INFO     - ERROR: x - y'), {
    level: 'INFO',
    message: 'ERROR: x - y',
  });
  assert.equal(parseKasLine('Traceback (most recent call last):'), {
    level: undefined,
    message: 'Traceback (most recent call last):',
  });
});

const progress: Array<[line: string, told: string | undefined]> = [
  [
    'NOTE: Running task 12 of 345 (/w/poky/meta/recipes-core/zlib/zlib_1.3.bb:do_compile)',
    'task 12 of 345: zlib_1.3 do_compile',
  ],
  ['NOTE: Running setscene task 3 of 100 (/w/x.bb:do_deploy_setscene)', 'setscene task 3 of 100: x do_deploy_setscene'],
  ['NOTE: Running noexec task 3 of 100 (virtual:native:/w/x_1.bb:do_build)', 'task 3 of 100: x_1 do_build'],
  ['NOTE: recipe zlib-1.3-r0: task do_compile: Started', undefined],
];
for (const [line, told] of progress) test(`progress of ${line}`, () => assert.is(progressOf(line), told));

const errorsOf = (...lines: string[]): BuildOutput => {
  const errors = new BuildOutput();
  for (const line of lines) errors.add(parseKasLine(line));
  return errors;
};
const info = (message: string): string => `2026-11-21 20:53:09 - INFO     - ${message}`;

test('the errors of BitBake come first, whatever level kas gives them', () => {
  const errors = errorsOf(
    info('NOTE: a'),
    info('ERROR: zlib-1.3-r0 do_compile: oe_runmake failed'),
    '2026-11-21 20:53:09 - ERROR    - Command "x" failed',
    info('ERROR: Logfile of failure stored in: /w/log'),
  );
  assert.equal(errors.errors(), ['ERROR: zlib-1.3-r0 do_compile: oe_runmake failed']);
  assert.equal(errors.taskLogs(), ['/w/log']);
});

test('each error is kept once, with its task and the warnings before it', () => {
  const task = "ERROR: Task (virtual:native:/w/zlib/zlib_1.3.bb:do_compile) failed with exit code '1'";
  const output = errorsOf(
    '2026-11-21 20:53:09 - WARNING  - Repo x is dirty - no checkout',
    info('WARNING: zlib-1.3-r0 do_fetch: a mirror was used'),
    info(task),
    info('Summary: 1 task failed:'),
    info(task),
    info('WARNING: zlib-1.3-r0 do_fetch: a mirror was used'),
  );
  assert.equal(output.errors(), [task]);
  assert.equal(output.failedTasks()[0], { recipe: 'zlib-native', task: 'compile' });
  assert.equal(output.warnings(), ['kas: Repo x is dirty - no checkout', 'zlib-1.3-r0 do_fetch: a mirror was used']);
});

const KEEPALIVE: Array<[line: string, is: boolean]> = [
  ['Bitbake still alive (no events for 600s). Active tasks:', true],
  ['Bitbake still alive (no events for 1200s)', true],
  ['NOTE: Running task 1 of 2 (/w/a.bb:do_x)', false],
];
for (const [line, is] of KEEPALIVE) test(`keepalive: ${line}`, () => assert.is(isKeepalive(line), is));

test('then those of kas, then the last line of its traceback', () => {
  assert.equal(errorsOf('2026-11-21 20:53:09 - ERROR    - no such file', 'Traceback', 'E: x').errors(), [
    'no such file',
  ]);
  assert.equal(
    errorsOf(
      'Traceback (most recent call last):',
      '  File "x"',
      'TypeError: sequence item 0: expected str instance, NoneType found',
    ).errors(),
    ['TypeError: sequence item 0: expected str instance, NoneType found'],
  );
});

test('pitfalls of kas have a hint', () => {
  assert.match(
    errorsOf('TypeError: sequence item 0: expected str instance, NoneType found').hint() ?? '',
    'did not find bitbake',
  );
  assert.is(errorsOf(info('ERROR: x')).hint(), undefined);
});

test('a build with a thousand errors does not fill the message', () => {
  assert.is(errorsOf(...Array.from({ length: 1000 }, (_, at) => info(`ERROR: ${at}`))).errors().length, 12);
});

test.run();
