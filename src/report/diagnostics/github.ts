import type { Diagnostic } from '../../core/diagnostic.ts';
import { messageWithHint, type DiagnosticFormat } from './format.ts';

/**
 * Annotations of a GitHub Actions log.
 *
 * @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
export const github: DiagnosticFormat = {
  name: 'github',
  paths: 'repository',
  render: ({ diagnostics }) => diagnostics.map(annotation).join(''),
};

function annotation(one: Diagnostic): string {
  const { where } = one;
  const properties: Array<[string, string | number]> = [];
  if (where !== undefined) {
    properties.push(['file', where.file], ['line', where.line]);
    // GitHub takes columns only within one line.
    if (where.endLine === undefined || where.endLine === where.line)
      properties.push(['col', where.column], ...endColumn(where.endColumn));
    else properties.push(['endLine', where.endLine]);
  }
  properties.push(['title', one.code]);
  const listed = properties.map(([name, value]) => `${name}=${escapeProperty(String(value))}`).join(',');
  return `::${one.severity} ${listed}::${escapeData(messageWithHint(one))}\n`;
}

/** Ours is exclusive, GitHub's is the last column. */
const endColumn = (column: number | undefined): Array<[string, number]> =>
  column === undefined ? [] : [['endColumn', Math.max(1, column - 1)]];

/** Unescaped, a line break in a message would begin a command of its own. */
const escapeData = (text: string): string => text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
const escapeProperty = (text: string): string => escapeData(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
