/** A labelled value. */
export type Row = [label: string, value: string];

/** Rows as text, the values in one column. */
export function formatRows(rows: readonly Row[]): string {
  const width = Math.max(0, ...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join('');
}
