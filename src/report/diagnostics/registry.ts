import type { DiagnosticFormat } from './format.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import { json } from './json.ts';
import { junit } from './junit.ts';
import { sarif } from './sarif.ts';

/** Every format of diagnostics but the one for people, which commands/terminal/diagnostics.ts prints. */
export const diagnosticFormats: readonly DiagnosticFormat[] = [json, sarif, junit, github, gitlab];
