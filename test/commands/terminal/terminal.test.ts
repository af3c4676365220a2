/** The list of tasks on real terminals, by tmux, and on a pty without a size. */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scratch } from '../../support/scratch.ts';

const test = suite('commands: terminal');
const CHILD = fileURLToPath(new URL('tasks-child.ts', import.meta.url));
let windows = 0;
const socket = (): string => `release-plan-test-${process.pid}-${windows}`;
const LIMIT_MS = 60_000;

const tmux = (...args: string[]): string =>
  execFileSync('tmux', ['-L', socket(), '-f', '/dev/null', ...args], { encoding: 'utf8' });
const commandOf = (count: number, ms: number, held: string[] = []): string =>
  [process.execPath, '--import', 'tsx', CHILD, String(count), String(ms), ...held].map((one) => `'${one}'`).join(' ');

/** Runs tasks in a window. @param look what is asked of its lines until it holds; the last lines when it does not */
async function inWindow(
  size: [columns: number, rows: number],
  command: string,
  looks: ReadonlyArray<(lines: string[]) => boolean>,
  between: () => void = () => undefined,
): Promise<string[][]> {
  windows += 1;
  const [columns, rows] = size.map(String) as [string, string];
  tmux('new-session', '-d', '-s', 'a', '-x', columns, '-y', rows, `LC_ALL=C.UTF-8 ${command}; echo over; sleep 60`);
  const seen: string[][] = [];
  try {
    for (const look of looks) {
      const endMs = Date.now() + LIMIT_MS;
      let lines: string[];
      do {
        await new Promise((resolve) => setTimeout(resolve, 50));
        lines = tmux('capture-pane', '-p', '-t', 'a').trimEnd().split('\n');
      } while (!look(lines) && Date.now() < endMs);
      seen.push(lines);
      between();
    }
  } finally {
    tmux('kill-server');
  }
  return seen;
}

const hasTmux = ((): boolean => {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'ignore' });
    return true;
  } catch {
    process.stdout.write("tmux is missing: install Debian's package tmux\n");
    return false;
  }
})();
const inTmux = hasTmux ? test : test.skip;

const isOver = (lines: string[]): boolean => lines.includes('over');
const runs = (title: string) => (lines: string[]) =>
  lines.some((line) => /^[\u2800-\u28ff] /.test(line) && line.includes(title));

for (const [columns, rows] of [
  [80, 24],
  [200, 50],
] as const)
  inTmux(`${columns}x${rows}: folds to the window, keeps what has ended, ends with the totals`, async () => {
    const hold = join(scratch('terminal'), 'go');
    const [during = [], after = []] = await inWindow(
      [columns, rows],
      commandOf(70, 5, [hold]),
      [(lines) => lines.some((line) => line.startsWith('5 of 70 steps, 1 failed')), isOver],
      () => writeFileSync(hold, ''),
    );
    assert.ok(during.length <= rows);
    assert.is(during.filter((line) => line.includes('delta 6.0 -> 99.0')).length, 1, during.join('\n'));
    assert.ok(
      during.some((line) => /^ {2}and \d+ more$/.test(line)),
      during.join('\n'),
    );
    assert.match(during.join('\n'), /\u2716 delta 3\.0 -> 99\.0 \(rdiff\): the disk is full\n {2}512 MiB are missing/);
    assert.is(during.filter((line) => / of 70 steps/.test(line)).length, 1, 'an old frame is left');
    assert.ok(during.filter((line) => line.startsWith('  reading a long name')).length <= 1);
    assert.match(
      after.join('\n'),
      /delta 70\.0 -> 99\.0 \(rdiff\): 3\.00 MiB\n69 steps done, 1 failed, in \d+ s\nover/,
    );
    assert.not.match(after.join('\n'), 'reading a long name');
  });

inTmux('a window that becomes narrower in the middle leaves no rests of frames', async () => {
  const hold = join(scratch('terminal'), 'go');
  const [, after = []] = await inWindow(
    [120, 40],
    commandOf(12, 5, [hold]),
    [(lines) => runs('delta 6.0')(lines) && lines.some((line) => /^ {2}reading a long.*\u2026$/.test(line)), isOver],
    () => {
      if (!existsSync(hold)) tmux('resize-window', '-t', 'a', '-x', '50', '-y', '40');
      writeFileSync(hold, '');
    },
  );
  const text = after.join('\n');
  // What had ended before may have been pushed out of the window, which tmux fills anew.
  for (let at = 7; at <= 12; at += 1) assert.is(text.split(`delta ${at}.0 ->`).length, 2, `${at} in\n${text}`);
  assert.match(text, '11 steps done, 1 failed');
  assert.not.match(text, 'of 12 steps');
});

const plainOf = async (setup: string, env: NodeJS.ProcessEnv = process.env): Promise<string> => {
  const { stdout } = await promisify(execFile)('script', ['-qec', `${setup} ${commandOf(3, 1)} 2>&1`, '/dev/null'], {
    env,
    timeout: LIMIT_MS,
  });
  return stdout.replaceAll('\r', '');
};

for (const [what, setup] of Object.entries({
  'a pty of size 0x0': 'stty cols 0 rows 0;',
  'TERM=dumb': 'stty cols 80 rows 24; TERM=dumb',
}))
  test(`${what}: plain lines, each once, with the totals`, async () => {
    const said = await plainOf(setup);
    assert.not.match(said, '\u001b[');
    assert.match(said, '> delta 3.0 -> 99.0 (rdiff)\n');
    assert.match(said, '  FAILED delta 3.0 -> 99.0 (rdiff): the disk is full\n    512 MiB are missing\n');
    assert.match(said, '2 steps done, 1 failed, in 0 s\n');
  });

test.run();
