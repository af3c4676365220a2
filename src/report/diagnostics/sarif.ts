import { CODES } from '../../core/codes/index.ts';
import type { Diagnostic, Location } from '../../core/diagnostic.ts';
import { prettyJson } from '../../text/pretty-json.ts';
import { printableLines } from '../../text/printable.ts';
import { digestOf } from '../../text/json.ts';
import { packageVersion } from '../../io/package.ts';
import { messageWithHint, type DiagnosticFormat } from './format.ts';

/**
 * SARIF 2.1.0, as code scanning takes it.
 *
 * @see https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export const sarif: DiagnosticFormat = {
  name: 'sarif',
  paths: 'repository',
  render: ({ files, diagnostics }) => {
    const codes = [...new Set(diagnostics.map((one) => one.code))].sort();
    return prettyJson({
      $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
      version: '2.1.0',
      runs: [
        {
          tool: { driver: { name: 'release-plan', version: packageVersion(), rules: codes.map(rule) } },
          columnKind: 'utf16CodeUnits',
          artifacts: [...new Set(files)].map((file) => ({ location: { uri: uriOf(file) } })),
          results: diagnostics.map((one) => result(one, codes)),
        },
      ],
    });
  },
};

const rule = (code: Diagnostic['code']): object => ({
  id: code,
  shortDescription: { text: CODES[code].about },
  help: { text: CODES[code].cure },
});

function result(one: Diagnostic, codes: ReadonlyArray<Diagnostic['code']>): object {
  return {
    ruleId: one.code,
    ruleIndex: codes.indexOf(one.code),
    level: one.severity,
    message: { text: printableLines(messageWithHint(one)) },
    // Without the line: a finding that only moved stays the same.
    partialFingerprints: { 'codeFileMessage/v1': digestOf([one.code, one.where?.file ?? '', one.message]) },
    ...(one.where === undefined
      ? {}
      : {
          locations: [
            { physicalLocation: { artifactLocation: { uri: uriOf(one.where.file) }, region: region(one.where) } },
          ],
        }),
  };
}

function region({ line, column, endLine, endColumn }: Location): object {
  return {
    startLine: line,
    startColumn: column,
    ...(endLine === undefined ? {} : { endLine }),
    ...(endColumn === undefined ? {} : { endColumn }),
  };
}

/** A relative reference, or a file: URI for an absolute path; each segment percent-encoded. */
function uriOf(file: string): string {
  // Half of a surrogate pair is no character, and encodeURIComponent fails on it.
  const encoded = file
    .replace(/\p{Cs}/gu, '\ufffd')
    .split('/')
    .map(encodeURIComponent)
    .join('/');
  return file.startsWith('/') ? `file://${encoded}` : encoded;
}
