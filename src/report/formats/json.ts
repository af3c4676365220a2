import type { ReportFormat } from '../format.ts';

/** The report as it is, for programs. */
export const json: ReportFormat = {
  name: 'json',
  extension: 'json',
  render: (report) => `${JSON.stringify(report, null, 2)}\n`,
};
