import { widthOf } from '../../text/width.ts';
import type { Window } from './frame.ts';

/** A terminal, as far as it is drawn on. */
export interface TerminalStream {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  rows?: number | undefined;
}

/**
 * The lines at the bottom of a terminal that are drawn again and again, and what is printed meanwhile, which goes
 * above them. Nothing is left of them when a run ends in the middle but the lines themselves.
 */
export class Screen {
  #lines: readonly string[] = [];

  constructor(
    private readonly stream: TerminalStream,
    private readonly write: (text: string) => void,
  ) {}

  get window(): Window {
    const { columns, rows } = this.stream;
    // A window that is being closed has no size.
    return { columns: columns || 80, rows: rows || 24 };
  }

  /** Shows lines in place of those that are shown. */
  draw(lines: readonly string[]): void {
    this.write(`${this.#erasing()}${lines.map((line) => `${line}\n`).join('')}`);
    this.#lines = lines;
  }

  /** Lets something print above the lines. */
  above(print: () => void): void {
    const lines = this.#lines;
    if (lines.length === 0) return print();
    this.draw([]);
    print();
    this.draw(lines);
  }

  /** A window that became narrower breaks the lines that stand there. */
  #erasing(): string {
    const { columns } = this.window;
    const rows = this.#lines.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return rows === 0 ? '' : `\u001b[${rows}A\r\u001b[J`;
  }
}

/** Whether lines can be drawn again: not on what is no terminal, knows no commands, or has no size. */
export const canDraw = (
  { isTTY, columns, rows }: TerminalStream,
  env: Readonly<Record<string, string | undefined>>,
): boolean => isTTY === true && env.TERM !== 'dumb' && (columns ?? 0) > 0 && (rows ?? 0) > 0;
