/** A list of tasks, drawn as cli.ts draws it: for a terminal that a test makes. Arguments: how many, how long each, and a
 * file that the sixth waits for, so that a test can look. */
import { existsSync } from 'node:fs';
import { terminalDrive } from '../../../src/commands/terminal/drive-terminal.ts';
import { plainDrive } from '../../../src/commands/terminal/drive-plain.ts';
import { glyphsFor } from '../../../src/commands/terminal/glyphs.ts';
import { plainView } from '../../../src/commands/terminal/plain.ts';
import { Screen, canDraw } from '../../../src/commands/terminal/screen.ts';
import type { Task } from '../../../src/core/events.ts';

const [count = 0, ms = 0] = process.argv.slice(2, 4).map(Number);
const [, , , , held] = process.argv;
const write = (text: string): void => void process.stderr.write(text);
const screen = new Screen(process.stderr, write);
const report = plainView((text) => screen.above(() => write(text)));
const drive = canDraw(process.stderr, process.env)
  ? terminalDrive(screen, { print: write, glyphs: glyphsFor(process.env), colour: false })
  : plainDrive(report);

await drive(
  Array.from({ length: count }, (_, at): Task => ({
    title: `delta ${at + 1}.0 -> 99.0 (rdiff)`,
    async run(progress) {
      progress(`reading ${'a long name of a file '.repeat(12)}`);
      if (at === 1) report({ type: 'warning', message: 'meta-demo is pinned to an old revision' });
      await new Promise((resolve) => setTimeout(resolve, ms));
      if (held !== undefined && at === 5)
        for (let left = 1200; !existsSync(held) && left > 0; left -= 1)
          await new Promise((resolve) => setTimeout(resolve, 50));
      return at === 2
        ? { state: 'failed', message: 'the disk is full\n512 MiB are missing' }
        : { state: 'done', message: '3.00 MiB' };
    },
  })),
);
