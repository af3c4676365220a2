import { prettyJson } from '../../text/pretty-json.ts';
import type { DiagnosticFormat } from './format.ts';

/** Our own: `{schema, files, errors, warnings, diagnostics}`, each diagnostic as in src/core/diagnostic.ts. */
export const json: DiagnosticFormat = {
  name: 'json',
  paths: 'folder',
  render: ({ files, diagnostics }) =>
    prettyJson({
      schema: 1,
      files,
      errors: diagnostics.filter((one) => one.severity === 'error').length,
      warnings: diagnostics.filter((one) => one.severity === 'warning').length,
      diagnostics,
    }),
};
