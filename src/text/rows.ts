import { printable } from './printable.ts';

/** A labelled value. */
export type Row = [label: string, value: string];

/** Rows as text, the values in one column. */
export function formatRows(given: readonly Row[]): string {
  const rows = given.map(([label, value]): Row => [printable(label), printable(value)]);
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join('');
}

/** A table as text: the first column to the left, the others, which are numbers, to the right. */
export function formatColumns(given: readonly (readonly string[])[]): string {
  const rows = given.map((row) => row.map(printable));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
