import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { styleText } from 'node:util';
import type { Diagnostic, Location } from '../../core/diagnostic.ts';
import { printable, printableMessage } from '../../text/printable.ts';

type Style = Parameters<typeof styleText>[0];

/**
 * Diagnostics for a person: severity, code, message, `file:line:column`, the
 * line with the offending text underlined, and what to do about it.
 *
 * @param colour whether the output understands ANSI colours
 */
export function formatDiagnostics(found: readonly Diagnostic[], cwd: string, colour: boolean): string {
  const style = (name: Style, text: string): string => (colour ? styleText(name, text) : text);
  const lineAt = lineReader(cwd);
  const blocks = found.map((one) => {
    const tone = one.severity === 'error' ? 'red' : 'yellow';
    const lines = [`${style(tone, one.severity)}[${one.code}]: ${style('bold', printableMessage(one.message, '  '))}`];
    if (one.where !== undefined)
      lines.push(
        `  --> ${printable(one.where.file)}:${one.where.line}:${one.where.column}`,
        ...frame(one.where, lineAt, (text) => style(tone, text)),
      );
    if (one.hint !== undefined) lines.push(`  ${style('cyan', 'help')}: ${printableMessage(one.hint, '  ')}`);
    return `${lines.join('\n')}\n`;
  });
  return blocks.join('\n');
}

const WIDEST_LINE = 160;
/** No file that a person writes is larger; what is, may not even fit into memory. */
const LARGEST_FRAMED_BYTES = 16 * 1024 * 1024;

/** The line at a location with its text underlined; empty when the file can no longer be read. */
function frame(where: Location, lineAt: LineReader, mark: (text: string) => string): string[] {
  const line = where.isForeign === true ? undefined : lineAt(where);
  if (line === undefined) return [];
  // A very long line is shown from shortly before the place.
  const from = where.column > WIDEST_LINE ? where.column - 40 : 0;
  const shown = line.slice(from, from + WIDEST_LINE);
  const width = Math.max(1, Math.min(endOnLine(where, line), from + WIDEST_LINE + 1) - where.column);
  const gutter = String(where.line);
  const pad = ' '.repeat(gutter.length);
  return [
    ` ${pad} |`,
    ` ${gutter} | ${shown}`,
    ` ${pad} | ${' '.repeat(Math.max(0, where.column - 1 - from))}${mark('^'.repeat(width))}`,
  ];
}

/** The column after the last one to underline; of what goes on below, the rest of its first line. */
function endOnLine({ line, column, endLine = line, endColumn = column + 1 }: Location, text: string): number {
  return endLine > line ? text.trimEnd().length + 1 : endColumn;
}

type LineReader = (where: Location) => string | undefined;

/** Reads each file once, however many findings it has. */
function lineReader(cwd: string): LineReader {
  const files = new Map<string, string[]>();
  return ({ file, line }) => {
    const lines = files.get(file) ?? readLines(resolve(cwd, file));
    files.set(file, lines);
    const text = lines[line - 1];
    return text === undefined ? undefined : withoutSecrets(printable(text.replace(/\t/g, '→')));
  };
}

/** None when the file is gone by now: a finding without its frame is still one. */
function readLines(path: string): string[] {
  try {
    const found = statSync(path);
    if (!found.isFile() || found.size > LARGEST_FRAMED_BYTES) return [];
    return readFileSync(path, 'utf8')
      .replace(/^\ufeff/, '')
      .split(/\r\n|\n|\r/);
  } catch {
    return [];
  }
}

/** Key material that someone put into the file must not reach a log through its frame. */
function withoutSecrets(line: string): string {
  return line
    .replace(/-----BEGIN .*/, '-----BEGIN (hidden)')
    .replace(/([?&;]pin-value=)[^"'\s]*/, '$1(hidden)')
    .replace(/[0-9a-fA-F]{32,64}\s+[0-9a-fA-F]{32}/, '(hidden)')
    .replace(/(:\/\/[^\s/:@]+:)[^\s/@]+@/, '$1(hidden)@')
    .replace(/^(\s*)[A-Za-z0-9+/]{32,}={0,2}\s*$/, '$1(hidden)');
}
