import type { BuildWarning, CheckRow, ConsistencyReport, FullRow, SizeRow } from '../../core/report.ts';
import type { ReportFormat } from '../format.ts';
import { htmlText } from '../../text/html.ts';
import { fullCells, sizeCells } from '../size-cells.ts';

/** The report as one page without scripts or other files: to attach to a build or a mail. */
export const html: ReportFormat = { name: 'html', extension: 'html', render };

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
body { color: #1c1c1e; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { border-bottom: 1px solid #d8d8dc; padding: .35rem .6rem; text-align: left; }
th, td { vertical-align: top; overflow-wrap: anywhere; }
th { white-space: nowrap; }
td.number, .sizes th:not(:first-child) { text-align: right; white-space: nowrap; }
td.pair, td.check { white-space: nowrap; }
.pass { color: #13692c; } .fail { color: #b3141b; font-weight: 600; } .not-checked { color: #6b6b70; }
.verdict { font-size: 1.2rem; }
@media (prefers-color-scheme: dark) {
  body { color: #f2f2f4; background: #1c1c1e; }
  th, td { border-color: #48484c; }
  .pass { color: #5fd07f; } .fail { color: #ff7b80; } .not-checked { color: #a0a0a6; }
}
`;

const WORDS: Record<CheckRow['result'], string> = { 'pass': 'pass', 'fail': 'FAIL', 'not-checked': 'not checked' };

function render(report: ConsistencyReport): string {
  const { fulls = [] } = report;
  const failed = report.checks.filter((row) => row.result === 'fail');
  const passed = report.checks.filter((row) => row.result === 'pass').length;
  const open = report.checks.length - passed - failed.length;
  const title = `Consistency report: ${report.product}`;
  const at = htmlText(report.generatedAt);
  const time = `<time datetime="${at}">${at}</time>`;
  const verdict = report.consistent ? '<span class="pass">Consistent</span>' : '<span class="fail">INCONSISTENT</span>';
  const updates =
    report.sizes.length + fulls.length === 0 ? '<p>No updates in the archive.</p>\n' : sizeTable(report.sizes, fulls);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${htmlText(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${htmlText(title)}</h1>
<p>Machine ${htmlText(report.machine)}, image ${htmlText(report.image)}, ${time}</p>
<p class="verdict">${verdict}: ${passed} checks pass, ${failed.length} fail, ${open} not checked.</p>
${failed.length === 0 ? '' : `<h2>Failed</h2>\n${checkTable(failed)}`}<h2>Sizes</h2>
${updates}<h2>Checks</h2>
${checkTable(report.checks)}${warningTable(report.warnings)}</body>
</html>
`;
}

const headOf = (names: readonly string[]): string =>
  `<thead><tr>${names.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead>`;

function checkTable(rows: readonly CheckRow[]): string {
  const body = rows.map(
    (row) =>
      `<tr><td class="check">${htmlText(row.check)}</td><td class="pair">${htmlText(row.subject)}</td><td ` +
      `class="${row.result}">${WORDS[row.result]}</td><td>${htmlText(row.detail)}</td></tr>\n`,
  );
  return `<table>${headOf(['Check', 'Subject', 'Result', 'Detail'])}<tbody>\n${body.join('')}</tbody></table>\n`;
}

function warningTable(warnings: readonly BuildWarning[] = []): string {
  if (warnings.length === 0) return '';
  const body = warnings.map(
    ({ version, message }) => `<tr><td class="pair">${htmlText(version)}</td><td>${htmlText(message)}</td></tr>\n`,
  );
  const table = `<table>${headOf(['Version', 'Warning'])}<tbody>\n${body.join('')}</tbody></table>`;
  return `<h2>Build warnings</h2>\n${table}\n`;
}

function sizeTable(sizes: readonly SizeRow[], fulls: readonly FullRow[]): string {
  const devicesOf = ({ devices }: { devices?: number }): string => (devices === undefined ? '-' : String(devices));
  const rows = [
    ...sizes.map((one) => [...sizeCells(one), devicesOf(one)]),
    ...fulls.map((one) => [...fullCells(one), devicesOf(one)]),
  ];
  const body = rows.map(([pair = '', ...numbers]) => {
    const cells = numbers.map((text) => `<td class="number">${htmlText(text)}</td>`).join('');
    return `<tr><td class="pair">${htmlText(pair)}</td>${cells}</tr>\n`;
  });
  const head = headOf(['Update', 'Full package', 'Delta', 'Compressed', 'To download', 'Saved per device', 'Devices']);
  return `<table class="sizes">${head}<tbody>\n${body.join('')}</tbody></table>\n`;
}
