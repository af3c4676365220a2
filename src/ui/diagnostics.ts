import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { styleText } from 'node:util';
import type { Diagnostic, Location } from '../diagnostic.ts';

type Style = Parameters<typeof styleText>[0];

/**
 * Diagnostics for a person: severity, code, message, `file:line:column`, the
 * line with the offending text underlined, and what to do about it.
 *
 * @param colour whether the output understands ANSI colours
 */
export function formatDiagnostics(found: readonly Diagnostic[], cwd: string, colour: boolean): string {
  const style = (name: Style, text: string): string => (colour ? styleText(name, text) : text);
  const blocks = found.map((one) => {
    const tone = one.severity === 'error' ? 'red' : 'yellow';
    const lines = [`${style(tone, one.severity)}[${one.code}]: ${style('bold', one.message)}`];
    if (one.where !== undefined) lines.push(`  --> ${one.where.file}:${one.where.line}:${one.where.column}`, ...frame(one.where, cwd, (text) => style(tone, text)));
    if (one.hint !== undefined) lines.push(`  ${style('cyan', 'help')}: ${one.hint}`);
    return `${lines.join('\n')}\n`;
  });
  return blocks.join('\n');
}

const WIDEST_LINE = 160;

/** The line at a location with its text underlined; empty when the file can no longer be read. */
function frame(where: Location, cwd: string, mark: (text: string) => string): string[] {
  const line = readLine(resolve(cwd, where.file), where.line);
  if (line === undefined) return [];
  // A very long line is shown from shortly before the place.
  const from = where.column > WIDEST_LINE ? where.column - 40 : 0;
  const shown = line.slice(from, from + WIDEST_LINE);
  const end = where.endLine === where.line && where.endColumn !== undefined ? where.endColumn : where.column + 1;
  const width = Math.max(1, Math.min(end, from + WIDEST_LINE) - where.column);
  const gutter = String(where.line);
  const pad = ' '.repeat(gutter.length);
  return [` ${pad} |`, ` ${gutter} | ${shown}`, ` ${pad} | ${' '.repeat(Math.max(0, where.column - 1 - from))}${mark('^'.repeat(width))}`];
}

function readLine(path: string, line: number): string | undefined {
  try {
    // Control characters could move the cursor or forge output.
    return readFileSync(path, 'utf8').split(/\r\n|\n|\r/)[line - 1]?.replace(/\t/g, ' ').replace(/\p{Cc}/gu, '\u00b7');
  } catch {
    return undefined;
  }
}
