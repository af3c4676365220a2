import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import fc from 'fast-check';
import {
  endLine,
  frameOf,
  remainingMs,
  sumInWords,
  type EndedTask,
  type Progress,
} from '../../../src/commands/terminal/frame.ts';
import { glyphsFor } from '../../../src/commands/terminal/glyphs.ts';
import { widthOf } from '../../../src/text/width.ts';

const test = suite('commands: frame');
const glyphs = glyphsFor({ LANG: 'C' });
const ended = (title: string, durationMs: number, state: EndedTask['state'] = 'done'): EndedTask => ({
  title,
  state,
  durationMs,
});
const waiting = (count: number): string[] => Array.from({ length: count }, (_, at) => `delta ${at}.0 -> 99.0 (rdiff)`);

const half: Progress = {
  ended: [ended('build 1.0', 60_000), ended('delta 1.0 -> 2.0 (rdiff)', 20_000, 'failed')],
  running: [{ title: 'build 2.0', message: 'do_compile of busybox', startedMs: 80_000 }],
  waiting: waiting(60),
  startedMs: 0,
};

test('a long list folds to what runs, what comes next and the totals', () => {
  const lines = frameOf(half, { columns: 80, rows: 10 }, glyphs, 90_000);
  assert.is(lines.length, 7);
  assert.match(lines[0] ?? '', /^. build 2\.0 {2}10 s$/);
  assert.equal(lines.slice(1, 3), ['  do_compile of busybox', '. delta 0.0 -> 99.0 (rdiff)']);
  assert.equal(lines.slice(-2), ['  and 57 more', '2 of 63 steps, 1 failed, 1 min 30 s']);
});

test('a list that fits is shown whole; one task has no totals', () => {
  const short = { ...half, waiting: ['report'] };
  assert.equal(frameOf(short, { columns: 80, rows: 24 }, glyphs, 90_000).slice(2), [
    '. report',
    '2 of 4 steps, 1 failed, 1 min 30 s, about 50 s left',
  ]);
  const single = { ended: [], running: [{ title: 'delta', message: '', startedMs: 0 }], waiting: [], startedMs: 0 };
  assert.is(frameOf(single, { columns: 80, rows: 24 }, glyphs, 0).length, 1);
});

test('several that run at once are shown with what each does, and share what remains', () => {
  const running = [1, 2].map((at) => ({ title: `delta ${at} (rdiff)`, message: 'compress', startedMs: 80_000 }));
  const progress = { ...half, ended: [ended('delta a (rdiff)', 20_000)], running, waiting: waiting(4) };
  const lines = frameOf(progress, { columns: 80, rows: 24 }, glyphs, 90_000);
  assert.equal(lines.slice(0, 4), [
    `${lines[0]?.[0]} delta 1 (rdiff)  10 s`,
    '  compress',
    `${lines[2]?.[0]} delta 2 (rdiff)  10 s`,
    '  compress',
  ]);
  assert.is(remainingMs(progress, 90_000), (2 * 10_000 + 4 * 20_000) / 2);
});

test('what remains is told when every kind of it was done once, and only then', () => {
  const progress = { ...half, ended: [ended('build 1.0', 60_000), ended('delta a (rdiff)', 20_000)] };
  assert.is(remainingMs(progress, 90_000), 50_000 + 60 * 20_000);
  assert.is(remainingMs(half, 90_000), undefined);
  assert.is(remainingMs({ ...progress, waiting: ['archive 2.0'] }, 90_000), undefined);
});

test('however small the window, and whatever stands in titles: no line breaks, and the cursor has its own', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 120 }),
      fc.integer({ min: 1, max: 30 }),
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.integer({ min: 0, max: 50 }),
      (columns, rows, text, count) => {
        const progress = { ...half, running: [{ title: text, message: text, startedMs: 0 }], waiting: waiting(count) };
        const lines = frameOf(progress, { columns, rows }, glyphs, 5000);
        assert.ok(lines.length <= Math.max(1, rows - 1));
        for (const line of lines) {
          assert.ok(widthOf(line) < columns, `${JSON.stringify(line)} in ${columns}`);
          // oxlint-disable-next-line no-control-regex -- what would move the cursor
          assert.not.match(line, /[\u0000-\u001f\u007f-\u009f]/);
        }
      },
    ),
  );
});

test('a failed step keeps its title, and its reason all of its lines', () => {
  const plain = (_state: string, text: string): string => text;
  assert.is(
    endLine(ended('build 2.0', 61_000, 'failed'), 'do_compile failed\nlog: /a/b', glyphs, plain),
    'x build 2.0: do_compile failed (1 min 1 s)\n  log: /a/b',
  );
});

test('the sum names what there was', () => {
  assert.is(sumInWords([{ state: 'done' }], 1000), '1 step done, in 1 s');
  assert.is(
    sumInWords([{ state: 'done' }, { state: 'done' }, { state: 'failed' }, { state: 'skipped' }], 65_000),
    '2 steps done, 1 failed, 1 skipped, in 1 min 5 s',
  );
});

test('signs are those that the terminal can show', () => {
  assert.is(glyphsFor({ LANG: 'de_DE.UTF-8' }).done, '\u2714');
  assert.is(glyphsFor({ LANG: 'de_DE.UTF-8', LC_ALL: 'C' }).done, '+');
  assert.is(glyphsFor({ LC_CTYPE: 'C.utf8', TERM: 'linux' }).done, '+');
});

test.run();
