/** The consistency reports that plans leave in the archive, read back as data. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import type { ConsistencyReport, ReportScope } from '../core/report.ts';
import { namesIn } from '../io/present.ts';
import { reportFile, type PlanKey } from './layout.ts';

/** A plan's report on disk, or undefined when there is none that can be read. */
export async function readReport(plan: PlanKey): Promise<ConsistencyReport | undefined> {
  try {
    return JSON.parse(await readFile(reportFile(plan, 'json'), 'utf8')) as ConsistencyReport;
  } catch {
    return undefined;
  }
}

/**
 * What other plans over the same archive refer to, by their reports.
 *
 * @returns the name of each report, and its scope
 * @throws ReleasePlanError `gc-undecided` when a report does not say
 */
export async function scopesOfOthers(plan: PlanKey): Promise<Array<{ name: string; scope: ReportScope }>> {
  const own = reportFile(plan, 'json');
  const folder = dirname(own);
  const others = (await namesIn(folder)).filter((one) => one.endsWith('.json') && join(folder, one) !== own);
  return await Promise.all(
    others.map(async (name) => ({ name, scope: scopeOf(await readFile(join(folder, name), 'utf8'), name) })),
  );
}

function scopeOf(text: string, name: string): ReportScope {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw undecided(`${name} is not JSON`, error);
  }
  const scope = (parsed as { scope?: unknown } | null)?.scope;
  if (!isScope(scope)) throw undecided(`${name} does not say which versions its plan refers to`);
  return scope;
}

const undecided = (message: string, cause?: unknown): ReleasePlanError =>
  new ReleasePlanError('gc-undecided', message, {
    ...(cause === undefined ? {} : { cause }),
    hint: 'Write it again with `release-plan apply`, or remove it when its plan is no more.',
  });

function isScope(value: unknown): value is ReportScope {
  const scope = value as Partial<ReportScope> | null | undefined;
  return (
    Array.isArray(scope?.versions) &&
    scope.versions.every((one: unknown) => typeof one === 'string') &&
    Array.isArray(scope.pairs) &&
    scope.pairs.every(
      (one: unknown) =>
        typeof (one as { from?: unknown } | null)?.from === 'string' &&
        typeof (one as { to?: unknown } | null)?.to === 'string',
    )
  );
}
