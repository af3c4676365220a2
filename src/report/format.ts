import type { ConsistencyReport } from '../core/report.ts';
import type { PageFacts } from './page/facts.ts';

/** A way to write the report down. A new one is a file in formats/ and a line in its registry. */
export interface ReportFormat {
  name: string;
  /** File name extension, without the dot. */
  extension: string;
  /** @param facts what a page shows beside the report */
  render(report: ConsistencyReport, facts: PageFacts): string;
}
