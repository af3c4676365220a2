import { html } from './formats/html.ts';
import { json } from './formats/json.ts';
import { markdown } from './formats/markdown.ts';
import type { ReportFormat } from './format.ts';

/** Every format of the consistency report. */
export const reportFormats: readonly ReportFormat[] = [json, markdown, html];
