import type { ReportFormat } from '../format.ts';
import { reportPage } from '../page/report-page.ts';

/** The report as a page for people. */
export const html: ReportFormat = { name: 'html', extension: 'html', render: reportPage };
