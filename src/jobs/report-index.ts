import { relative } from 'node:path';
import { reportFile } from '../archive/layout.ts';
import { readReport } from '../archive/report-file.ts';
import { lastRuns } from '../archive/run-records.ts';
import type { Plan } from '../core/plan.ts';
import { sizeOf } from '../io/hash.ts';
import { RUNS_SHOWN } from '../report/page/runs.ts';
import type { IndexRow } from '../report/page/index-page.ts';
import { hrefOf } from './report-page.ts';

/**
 * The plans with their reports as their last runs left them: nothing is read of the archive itself, which may have
 * hundreds of gigabytes.
 *
 * @param folder where the front page will lie; undefined for one that may lie anywhere, and has no links
 * @param cwd what plan files are named from
 */
export async function indexRows(plans: readonly Plan[], folder: string | undefined, cwd: string): Promise<IndexRow[]> {
  const rows: IndexRow[] = [];
  for (const plan of plans) {
    const { product, machine, image } = plan;
    const report = await readReport(plan);
    const page = reportFile(plan, 'html');
    const hasPage = folder !== undefined && (await sizeOf(page)) !== undefined;
    rows.push({
      product,
      machine,
      image,
      plan: relative(cwd, plan.file),
      runs: await lastRuns(plan, RUNS_SHOWN),
      ...(hasPage ? { page: hrefOf(page, folder) } : {}),
      ...(report === undefined ? {} : { report }),
    });
  }
  return rows;
}
