import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { terminalDrive } from '../../../src/commands/terminal/drive-terminal.ts';
import { glyphsFor } from '../../../src/commands/terminal/glyphs.ts';
import { Screen, canDraw } from '../../../src/commands/terminal/screen.ts';
import type { Task } from '../../../src/core/events.ts';

const test = suite('commands: drive-terminal');

/** What stays on the screen, once what was drawn again is gone. */
async function stays(tasks: readonly Task[]): Promise<{ text: string; error: unknown }> {
  const shown: string[] = [];
  const write = (text: string): void => {
    // oxlint-disable-next-line no-control-regex -- how many lines up, and everything below erased
    const [, up = '0', rest = ''] = /^(?:\u001b\[(\d+)A\r\u001b\[J)?([^]*)$/.exec(text) ?? [];
    shown.splice(shown.length - Number(up), Number(up));
    shown.push(...rest.split('\n').slice(0, -1));
  };
  const screen = new Screen({ isTTY: true, columns: 80, rows: 24 }, write);
  const drive = terminalDrive(screen, { print: write, glyphs: glyphsFor({}), colour: false });
  const error = await drive(tasks).catch((thrown: unknown) => thrown);
  return { text: shown.join('\n'), error };
}

const ends = (title: string, state: 'done' | 'skipped'): Task => ({
  title,
  run: async () => ({ state, message: state === 'done' ? 'made' : 'an earlier step failed' }),
});

test('what was done and what was skipped stay, and the totals', async () => {
  const { text, error } = await stays([ends('build 1', 'done'), ends('delta 1', 'skipped')]);
  assert.is(error, undefined);
  assert.is(text, '+ build 1: made\n- delta 1: an earlier step failed\n1 step done, 1 skipped, in 0 s');
});

test('an interruption names the task that it broke off, runs no other and is thrown on', async () => {
  const interruption = new Error('interrupted');
  let ran = false;
  const broken: Task = { title: 'build 2', run: async () => await Promise.reject(interruption) };
  const after: Task = { title: 'build 3', run: async () => ((ran = true), { state: 'done', message: '' }) };
  const { text, error } = await stays([ends('build 1', 'done'), broken, after]);
  assert.equal([error, ran], [interruption, false]);
  assert.is(text, '+ build 1: made\nx build 2: broken off\n1 step done, 1 failed, in 0 s');
});

test('a terminal without size or commands is not drawn on', () => {
  const size = { columns: 80, rows: 24 };
  assert.ok(canDraw({ isTTY: true, ...size }, { TERM: 'xterm' }));
  assert.not(canDraw({ isTTY: true, ...size }, { TERM: 'dumb' }));
  assert.not(canDraw({ isTTY: true, columns: 0, rows: 0 }, {}));
  assert.not(canDraw({ isTTY: true }, {}));
  assert.not(canDraw(size, {}));
});

test.run();
