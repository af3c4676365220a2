/** What `targets static-deltas` says: fioctl's lines on stdout, the fleet's numbers beside them on stderr. */
import type { Report } from '../../core/events.ts';
import { coverageOf, uncoveredOf, versionCounts } from '../../delivery/fleet/coverage.ts';
import { endInWords, type RequiredPair } from '../../delivery/fleet/required.ts';
import { coverageInWords } from '../../delivery/fleet/rows.ts';
import { counted } from '../../text/count.ts';
import type { Answered } from '../../jobs/static-deltas.ts';
import { printable } from '../../text/printable.ts';

/** Reasons that are named one by one; the rest are counted. */
const REASONS_SHOWN = 10;

/** The dry run in fioctl's words; pairs of several kinds of hardware with the same versions are one line. */
export function dryRunText(missing: readonly RequiredPair[], to: string, hardwareId: string | undefined): string {
  if (missing.length === 0) return 'Nothing to do: every required delta exists and is proven.\n';
  const heading =
    hardwareId === undefined
      ? 'Dry run: Would generate static deltas for Target versions:'
      : `Dry run: Would generate static deltas for Targets with hardware ID ${printable(hardwareId)} and versions:`;
  const lines = new Set(missing.map(({ from }) => `   ${printable(`${endInWords(from)} -> ${to}`)}`));
  return `${[heading, ...lines].join('\n')}\n`;
}

/** Tells the person who decides what the deltas do for the fleet, and what they leave. */
export function noteCoverage({ view, answer, unrequired = [] }: Answered, report: Report): void {
  const note = (message: string): void => report({ type: 'note', message });
  if (view.fleet !== undefined) note(coverageInWords(coverageOf(answer.ways)));
  const uncovered = uncoveredOf(answer);
  for (const { kind, detail, devices, examples } of uncovered.slice(0, REASONS_SHOWN)) {
    const who = examples.length === 0 ? '' : ` (${examples.join(', ')}${devices > examples.length ? ', ...' : ''})`;
    note(`  ${kind === 'none' ? 'no update' : 'full image'}: ${devices}${who}: ${detail}`);
  }
  if (uncovered.length > REASONS_SHOWN)
    note(`  and ${uncovered.length - REASONS_SHOWN} more reasons; --json has all of them`);
  const bad = view.fleet?.bad.count ?? 0;
  if (bad > 0)
    report({ type: 'warning', message: `${counted(bad, 'row')} of the fleet cannot be read and were not counted` });
  if (unrequired.length > 0) {
    const shown = unrequired
      .slice(0, REASONS_SHOWN)
      .map(({ from, to }) => `${from.slice(0, 10)} -> ${to.slice(0, 10)}`);
    note(
      `${counted(unrequired.length, 'static delta is', 'static deltas are')} no longer required by any rule or tag; ` +
        `--prune deletes them: ${shown.join(', ')}`,
    );
  }
}

/** The whole answer for programs. */
export function answerAsJson({ view, answer, problems, cautions, unrequired }: Answered, isDryRun: boolean): object {
  const { fleet, format } = view;
  return {
    schema: 1,
    to: answer.to,
    format,
    dryRun: isDryRun,
    // What was missing has been made by now, unless this is a dry run.
    pairs: answer.pairs.map((pair, at) => ({
      ...pair,
      state: problems[at] === undefined ? 'there' : isDryRun ? 'missing' : 'made',
      ...(problems[at] === undefined || !isDryRun ? {} : { problem: problems[at] }),
    })),
    coverage: coverageOf(answer.ways),
    uncovered: uncoveredOf(answer),
    running: versionCounts(answer.ways),
    unrequired: unrequired ?? [],
    ...(cautions.length === 0 ? {} : { cautions }),
    fleet: fleet === undefined ? null : { source: fleet.source, devices: fleet.devices, badRows: fleet.bad.count },
  };
}
