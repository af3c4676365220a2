import { styleText } from 'node:util';
import type { Drive, TaskOutcome } from '../../core/events.ts';
import { endLine, frameOf, sumInWords, type EndedTask, type Progress } from './frame.ts';
import type { Glyphs } from './glyphs.ts';
import type { Screen } from './screen.ts';

/** How often the list is drawn: a second must not be missed, and a slow line not be filled. */
const DRAW_EVERY_MS = 120;

export interface TerminalOptions {
  /** Prints for good. */
  print(text: string): void;
  glyphs: Glyphs;
  colour: boolean;
}

type Running = NonNullable<Progress['running']>;

const COLOURS = { done: 'green', failed: 'red', skipped: 'yellow' } as const;

/**
 * Tasks as a list on a terminal: what has ended scrolls up and stays, what runs and what comes next is drawn below it
 * within the window.
 */
export function terminalDrive(screen: Screen, { print, glyphs, colour }: TerminalOptions): Drive {
  const paint = (state: TaskOutcome['state'], text: string): string =>
    colour ? styleText(COLOURS[state], text) : text;
  return async (tasks) => {
    const startedMs = performance.now();
    const ended: EndedTask[] = [];
    let running: Running | undefined;
    const draw = (): void => {
      const waiting = tasks.slice(ended.length + (running === undefined ? 0 : 1)).map(({ title }) => title);
      const progress = { ended, waiting, startedMs, ...(running === undefined ? {} : { running }) };
      screen.draw(frameOf(progress, screen.window, glyphs, performance.now()));
    };
    const end = ({ title, startedMs: sinceMs }: Running, { state, message }: TaskOutcome): void => {
      const one = { title, state, durationMs: performance.now() - sinceMs };
      ended.push(one);
      running = undefined;
      screen.draw([]);
      print(`${endLine(one, message, glyphs, paint)}\n`);
    };
    const timer = setInterval(draw, DRAW_EVERY_MS);
    try {
      for (const task of tasks) {
        const now: Running = { title: task.title, message: '', startedMs: performance.now() };
        running = now;
        draw();
        const outcome = await task.run((message) => void (now.message = message));
        end(now, outcome);
      }
    } catch (error) {
      // Why is told by whoever asked for the tasks.
      if (running !== undefined) end(running, { state: 'failed', message: 'broken off' });
      throw error;
    } finally {
      clearInterval(timer);
      screen.draw([]);
      if (tasks.length > 1) print(`${sumInWords(ended, performance.now() - startedMs)}\n`);
    }
  };
}
