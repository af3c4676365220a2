/** The consistency reports that plans leave in the archive, read back as data. */
import { dirname, join } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import type { ConsistencyReport, ReportScope } from '../core/report.ts';
import { readDocument } from '../io/documents/read.ts';
import { ifPresent, namesIn } from '../io/present.ts';
import { readRegularText } from '../io/regular.ts';
import { parseJson } from '../text/parse-json.ts';
import { reportFile, type PlanKey } from './layout.ts';

/** A plan's report on disk, or undefined when there is none that can be read. */
export async function readReport(plan: PlanKey): Promise<ConsistencyReport | undefined> {
  const opened = await ifPresent(readDocument<ConsistencyReport>('report', reportFile(plan, 'json')));
  return opened !== undefined && 'value' in opened ? opened.value : undefined;
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
    others.map(async (name) => ({
      name,
      scope: scopeOf(await readRegularText(join(folder, name)), join(folder, name)),
    })),
  );
}

/** Only the scope counts, so that the report of a release with another form does as well. */
function scopeOf(text: string, path: string): ReportScope {
  const parsed = parseJson(text);
  if ('problem' in parsed) throw undecided(`${path} ${parsed.problem}`);
  const scope = (parsed.value as { scope?: unknown } | null)?.scope;
  if (!isScope(scope)) throw undecided(`${path} does not say which versions its plan refers to`);
  return scope;
}

const undecided = (message: string): ReleasePlanError =>
  new ReleasePlanError('gc-undecided', message, {
    hint: 'Write it again with `release-plan apply`, or remove it if its plan no longer exists.',
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
