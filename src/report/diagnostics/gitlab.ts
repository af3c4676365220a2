import type { Diagnostic } from '../../core/diagnostic.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { printableLines } from '../../text/printable.ts';
import { digestOf } from '../../text/json.ts';
import { messageWithHint, type DiagnosticFormat } from './format.ts';

/**
 * A GitLab code quality report.
 *
 * @see https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
 */
export const gitlab: DiagnosticFormat = {
  name: 'gitlab',
  paths: 'repository',
  render: ({ files, diagnostics }) => {
    const seen = new Map<string, number>();
    return prettyJson(diagnostics.map((one) => issue(one, files, seen)));
  },
};

function issue(one: Diagnostic, files: readonly string[], seen: Map<string, number>): object {
  const path = one.where?.file ?? files[0] ?? '.';
  // Without the line, so that a finding that only moved is the same one; GitLab drops all but one of equal
  // fingerprints.
  const content = digestOf([one.code, path, one.message]);
  const count = seen.get(content) ?? 0;
  seen.set(content, count + 1);
  return {
    description: printableLines(messageWithHint(one)),
    check_name: one.code,
    fingerprint: count === 0 ? content : digestOf([content, count]),
    severity: one.severity === 'error' ? 'major' : 'minor',
    location: { path, lines: { begin: one.where?.line ?? 1 } },
  };
}
