import type { Diagnostic } from '../../core/diagnostic.ts';
import type { DiagnosticFormat } from './format.ts';

/**
 * JUnit XML as CI servers read it: a suite for each plan, a failed case for
 * each error. Warnings fail nothing and stand in the suite's output.
 *
 * @see https://github.com/testmoapp/junitxml
 */
export const junit: DiagnosticFormat = {
  name: 'junit',
  render: ({ files, diagnostics }) => {
    const orphans = diagnostics.filter((one) => one.where === undefined || !files.includes(one.where.file));
    const suites = files.map((file) =>
      suite(
        file,
        diagnostics.filter((one) => one.where?.file === file),
      ),
    );
    if (orphans.length > 0) suites.push(suite('release-plan', orphans));
    return (
      '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="release-plan ' +
      `validate">\n${suites.join('')}</testsuites>\n`
    );
  },
};

function suite(name: string, found: readonly Diagnostic[]): string {
  const errors = found.filter((one) => one.severity === 'error');
  const warnings = found.filter((one) => one.severity === 'warning');
  const cases =
    errors.length === 0
      ? [`    <testcase classname="${escape(name)}" name="valid"/>\n`]
      : errors.map((one) => failedCase(name, one));
  const output =
    warnings.length === 0 ? '' : `    <system-out>${escape(warnings.map(inWords).join('\n'))}</system-out>\n`;
  return (
    `  <testsuite name="${escape(name)}" tests="${cases.length}" ` +
    `failures="${errors.length}">\n${cases.join('')}${output}  </testsuite>\n`
  );
}

function failedCase(file: string, one: Diagnostic): string {
  const place = one.where === undefined ? '' : ` ${one.where.line}:${one.where.column}`;
  return (
    `    <testcase classname="${escape(file)}" name="${escape(`${one.code}${place}`)}">\n` +
    `      <failure type="${escape(one.code)}" message="${escape(one.message)}">${escape(inWords(one))}</failure>\n ` +
    '   </testcase>\n'
  );
}

function inWords({ where, severity, code, message, hint }: Diagnostic): string {
  const place = where === undefined ? '' : `${where.file}:${where.line}:${where.column}: `;
  return `${place}${severity}[${code}]: ${message}${hint === undefined ? '' : `\n${hint}`}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** Characters that XML 1.0 cannot hold, escaped or not, become a replacement character. */
function escape(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"\n]/g, (character) => ENTITIES[character] ?? character);
}
