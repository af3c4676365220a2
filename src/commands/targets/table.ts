import { printable } from '../../text/printable.ts';

/** A table for a terminal: columns as wide as their longest text, the header underlined as in fioctl. */
export function table(header: readonly string[], given: ReadonlyArray<readonly string[]>): string {
  const rows = given.map((row) => row.map(printable));
  const widths = header.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd()}\n`;
  return [line(header), line(header.map((title) => '-'.repeat(title.length))), ...rows.map(line)].join('');
}
