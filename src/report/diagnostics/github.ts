import type { Diagnostic } from '../../core/diagnostic.ts';
import { githubData, githubProperty } from '../../text/github.ts';
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
  const listed = properties.map(([name, value]) => `${name}=${githubProperty(String(value))}`).join(',');
  return `::${one.severity} ${listed}::${githubData(messageWithHint(one))}\n`;
}

/** Ours is exclusive, GitHub's is the last column. */
const endColumn = (column: number | undefined): Array<[string, number]> =>
  column === undefined ? [] : [['endColumn', Math.max(1, column - 1)]];
