import type { Diagnostic } from '../../core/diagnostic.ts';
import { xmlText } from '../../text/xml.ts';
import type { DiagnosticFormat } from './format.ts';

/**
 * JUnit XML as CI servers read it: a suite for each plan, a failed case for
 * each error. Warnings fail nothing and stand in the suite's output.
 *
 * @see https://github.com/testmoapp/junitxml
 */
export const junit: DiagnosticFormat = {
  name: 'junit',
  paths: 'folder',
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
      ? [`    <testcase classname="${xmlText(name)}" name="valid"/>\n`]
      : namesOf(errors).map(([caseName, one]) => failedCase(name, caseName, one));
  const output =
    warnings.length === 0 ? '' : `    <system-out>${xmlText(warnings.map(inWords).join('\n'))}</system-out>\n`;
  return (
    `  <testsuite name="${xmlText(name)}" tests="${cases.length}" ` +
    `failures="${errors.length}">\n${cases.join('')}${output}  </testsuite>\n`
  );
}

/**
 * A name for each case that stays the same when lines are added above it, so
 * that CI servers follow one through builds: the code, counted where it repeats.
 */
function namesOf(errors: readonly Diagnostic[]): Array<[name: string, error: Diagnostic]> {
  const seen = new Map<string, number>();
  return errors.map((one) => {
    const count = (seen.get(one.code) ?? 0) + 1;
    seen.set(one.code, count);
    return [count === 1 ? one.code : `${one.code} ${count}`, one];
  });
}

function failedCase(file: string, name: string, one: Diagnostic): string {
  return (
    `    <testcase classname="${xmlText(file)}" name="${xmlText(name)}">\n` +
    `      <failure type="${xmlText(one.code)}" message="${xmlText(one.message)}">` +
    `${xmlText(inWords(one))}</failure>\n    </testcase>\n`
  );
}

function inWords({ where, severity, code, message, hint }: Diagnostic): string {
  const place = where === undefined ? '' : `${where.file}:${where.line}:${where.column}: `;
  return `${place}${severity}[${code}]: ${message}${hint === undefined ? '' : `\n${hint}`}`;
}
