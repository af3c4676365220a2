/** A table of a report; the first column is text, the others numbers with their units. */
export interface Table {
  title: string;
  columns: string[];
  rows: string[][];
}

/** As Markdown, with padding so that it reads well as text too. */
export function markdownTable({ title, columns, rows }: Table): string {
  const widths = columns.map((column, index) =>
    Math.max(column.length, 3, ...rows.map((row) => (row[index] ?? '').length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => (index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0))).join(' | ')} |\n`;
  const rule = `|${widths.map((width, index) => (index === 0 ? `${'-'.repeat(width + 2)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|\n`;
  return `### ${title}\n\n${line(columns)}${rule}${rows.map(line).join('')}`;
}

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(bytes < 1e6 ? 3 : 2)} MB`;
export const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
export const mebibytesOfKiB = (kib: number): string => `${Math.round(kib / 1024)} MiB`;
export const ratio = (value: number): string => value.toFixed(3);
