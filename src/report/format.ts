import type { ConsistencyReport } from '../core/report.ts';

/** A way to write the report down. A new one is a file in formats/ and a line in its registry. */
export interface ReportFormat {
  name: string;
  /** File name extension, without the dot. */
  extension: string;
  render(report: ConsistencyReport): string;
}
