import type { ReportFormat } from '../format.ts';
import { prettyJson } from '../../text/pretty-json.ts';

/** The report as it is, for programs. */
export const json: ReportFormat = {
  name: 'json',
  extension: 'json',
  render: (report) => prettyJson(report),
};
