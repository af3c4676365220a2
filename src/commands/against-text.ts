import type { CausedDelta, ChangedSetting, PlanComparison, RemovedVersion } from '../plan/compare.ts';
import { isEmpty } from '../plan/compare.ts';
import { printable } from '../text/printable.ts';

/** What a change of the plan would cause, for a person. */
export function againstText(title: string, comparison: PlanComparison, notes: readonly string[]): string {
  const { builds, adopted, deltas, remade, dropped, removed, retagged, settings, pending } = comparison;
  const sections: Array<[head: string, lines: string[]]> = [
    ['builds', builds],
    ['already archived', adopted],
    ['deltas', deltas.map(deltaLine)],
    ['deltas made again', remade.map(deltaLine)],
    ['deltas no longer required (they stay in the archive)', dropped.map(({ from, to }) => `${from} -> ${to}`)],
    ['versions removed', removed.map(removedLine)],
    [
      'tags',
      retagged.map(
        ({ version, gained, lost }) =>
          `${version}: ${[...gained.map((tag) => `+${tag}`), ...lost.map((tag) => `-${tag}`)].join(' ')}`,
      ),
    ],
    ['settings', settings.map(settingLine)],
  ];
  return [
    `${printable(title)}\n`,
    ...(isEmpty(comparison)
      ? ['  nothing changes\n']
      : sections
          .filter(([, lines]) => lines.length > 0)
          .map(([head, lines]) => `  ${head}:\n${lines.map((line) => `    ${printable(line)}\n`).join('')}`)),
    ...(pending === 0
      ? []
      : [`  ${pending} ${pending === 1 ? 'step is' : 'steps are'} due either way: see release-plan plan\n`]),
    ...notes.map((note) => `  ${printable(note)}\n`),
  ].join('');
}

const deltaLine = ({ from, to, engine, why }: CausedDelta): string => `${from} -> ${to} (${engine})  ${why}`;

const removedLine = ({ version, neededBy, devices }: RemovedVersion): string =>
  neededBy === null
    ? `${version}  not required by the plan; whether devices require it is not known`
    : neededBy.length === 0
      ? `${version}  ${devices === undefined ? 'not required by the plan' : 'not required, and no device runs it'}`
      : `${version}  STILL REQUIRED: ${neededBy.join('; ')}`;

const settingLine = ({ key, before, after }: ChangedSetting): string =>
  `${key}: ${before ?? '(none)'} -> ${after ?? '(none)'}`;
