import { stripVTControlCharacters } from 'node:util';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { plainDrive } from '../../../src/commands/terminal/drive-plain.ts';
import { terminalDrive } from '../../../src/commands/terminal/drive-terminal.ts';
import { glyphsFor } from '../../../src/commands/terminal/glyphs.ts';
import { plainView } from '../../../src/commands/terminal/plain.ts';
import { Screen } from '../../../src/commands/terminal/screen.ts';
import type { Drive, Task, TaskOutcome } from '../../../src/core/events.ts';
import { Pool } from '../../../src/hosts/pool.ts';

const test = suite('ui: drive');

const tick = async (): Promise<void> => await new Promise((resolve) => setImmediate(resolve));

/** Tasks that wait until they are told what to say, and how they end. */
function puppets(count: number): {
  tasks: Task[];
  say(at: number, line: string): void;
  end(at: number): Promise<void>;
} {
  const said: Array<((line: string) => void) | undefined> = [];
  const ends: Array<((outcome: TaskOutcome) => void) | undefined> = [];
  const tasks = Array.from({ length: count }, (_, at): Task => ({
    title: `task ${at}`,
    run: async (progress) => {
      said[at] = progress;
      return await new Promise<TaskOutcome>((resolve) => {
        ends[at] = resolve;
      });
    },
  }));
  return {
    tasks,
    say: (at, line) => said[at]?.(line),
    async end(at) {
      ends[at]?.({ state: 'done', message: `end of ${at}` });
      for (let round = 0; round < 5; round += 1) await tick();
    },
  };
}

const together = (count: number): Pool =>
  new Pool(
    Array.from({ length: count }, () => ({ after: [], memoryBytes: () => 0 })),
    { jobs: count, memoryBytes: Infinity },
  );

function plain(): { drive: Drive; lines: string[] } {
  const lines: string[] = [];
  return { drive: plainDrive(plainView((text) => void lines.push(text.trimEnd()))), lines };
}

test('plain: one after the other unless told otherwise', async () => {
  const { drive, lines } = plain();
  const { tasks, say, end } = puppets(2);
  const done = drive(tasks);
  await tick();
  say(0, 'line');
  assert.equal(lines, ['> task 0', '  line']);
  await end(0);
  await end(1);
  await done;
  assert.equal(lines.slice(0, -1), ['> task 0', '  line', '  done: end of 0', '> task 1', '  done: end of 1']);
  assert.match(lines.at(-1) ?? '', '2 steps done, in ');
});

test('plain: lines of tasks that run at once stand together, those of the first as they come', async () => {
  const { drive, lines } = plain();
  const { tasks, say, end } = puppets(3);
  const done = drive(tasks, together(3));
  await tick();
  say(1, 'of 1');
  say(0, 'of 0');
  say(2, 'of 2');
  assert.equal(lines, ['> task 0', '  of 0']);
  await end(2);
  assert.equal(lines.slice(2), ['> task 2', '  of 2', '  done: end of 2']);
  say(0, 'more of 0');
  assert.equal(lines.slice(5), ['> task 0 (continued)', '  more of 0']);
  await end(0);
  assert.equal(lines.slice(7), ['  done: end of 0', '> task 1', '  of 1']);
  say(1, 'more of 1');
  assert.equal(lines.slice(10), ['  more of 1']);
  await end(1);
  await done;
  assert.equal(lines.slice(11, 12), ['  done: end of 1']);
});

/** A live list, and what it draws, without what moves the cursor. */
function live(): { drive: Drive; text(): string } {
  let text = '';
  const write = (more: string): void => void (text += more);
  const drawn = new Screen({ isTTY: true, columns: 100, rows: 50 }, write);
  return {
    drive: terminalDrive(drawn, { print: write, glyphs: glyphsFor({ LANG: 'C' }), colour: false }),
    text: () => stripVTControlCharacters(text),
  };
}

test('a live list: tasks run as their turns come, and what failed or was skipped is told', async () => {
  const { drive, text } = live();
  const order: string[] = [];
  const task = (title: string, outcome: TaskOutcome): Task => ({
    title,
    async run() {
      order.push(`${title} begins`);
      await tick();
      order.push(`${title} ends`);
      return outcome;
    },
  });
  const tasks = [
    task('one', { state: 'done', message: 'made' }),
    task('two', { state: 'failed', message: 'no luck' }),
    task('three', { state: 'skipped', message: 'not wanted' }),
  ];
  const turns = new Pool(
    [[], [], [0, 1]].map((after) => ({ after, memoryBytes: () => 0 })),
    { jobs: 2, memoryBytes: Infinity },
  );
  await drive(tasks, turns);
  assert.equal(order, ['one begins', 'two begins', 'one ends', 'two ends', 'three begins', 'three ends']);
  for (const words of ['one: made', 'two: no luck', 'three: not wanted']) assert.match(text(), words);
});

test('a live list: an interruption lets nothing more begin, and is thrown when what runs has ended', async () => {
  const { drive, text } = live();
  const seen: string[] = [];
  const tasks: Task[] = [
    {
      title: 'one',
      run: async () => {
        throw new Error('stop');
      },
    },
    {
      title: 'two',
      async run() {
        await tick();
        seen.push('two ended');
        return { state: 'done', message: '' };
      },
    },
    { title: 'three', run: async () => ({ state: 'done', message: String(seen.push('three ran')) }) },
  ];
  const turns = new Pool(
    [[], [], []].map((after) => ({ after, memoryBytes: () => 0 })),
    { jobs: 2, memoryBytes: Infinity },
  );
  const failure = await drive(tasks, turns).catch((error: unknown) => error);
  assert.is((failure as Error).message, 'stop');
  assert.equal(seen, ['two ended']);
  assert.match(text(), 'one: broken off');
  assert.match(text(), '1 step done, 1 failed, in ');
});

test.run();
