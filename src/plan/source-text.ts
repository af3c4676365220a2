import { isAbsolute, relative } from 'node:path';
import { LineCounter } from 'yaml';
import type { Location } from '../core/diagnostic.ts';

/** Offsets in the text, end exclusive. */
export type Range = readonly [start: number, end: number];

/** The text of a plan file, which can turn offsets into lines and columns. */
export class SourceText {
  readonly text: string;
  readonly lines = new LineCounter();
  private readonly shownFile: string;

  constructor(file: string, cwd: string, text: string) {
    this.text = text;
    this.shownFile = shortPath(file, cwd);
    this.lines.addNewLine(0);
    for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) this.lines.addNewLine(at + 1);
  }

  /** Where a range lies. Trailing white space does not belong to it. */
  locate([start, end]: Range): Location {
    const from = this.position(start);
    // Nothing is there at the end of a line, as of `key:` without a value.
    let stop = /[\r\n]/.test(this.text[start] ?? '\n') ? start : Math.max(end, start + 1);
    while (stop > start + 1 && /\s/.test(this.text[stop - 1] ?? ' ')) stop -= 1;
    const to = this.position(stop);
    return { file: this.shownFile, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
  }

  private position(offset: number): { line: number; column: number } {
    const { line, col } = this.lines.linePos(Math.min(offset, this.text.length));
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }
}

/** A path as the user would write it: relative to the working directory where that is shorter. */
export function shortPath(file: string, cwd: string): string {
  const short = relative(cwd, file);
  return short !== '' && !isAbsolute(short) && short.length < file.length ? short : file;
}
