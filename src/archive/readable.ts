import { ReleasePlanError } from '../core/errors.ts';
import { problemsOf, type ArchiveEntry, type ArchiveState } from '../core/archive.ts';

/** What of the archive cannot be read, a line each; of something unreadable also what is damaged besides. */
export const unreadableOf = ({ versions, updates, fulls }: ArchiveState): string[] =>
  [...versions.values(), ...updates.values(), ...fulls.values()].flatMap((entry) =>
    entry.state === 'unreadable' ? problemsOf(entry) : [],
  );

/**
 * Refuses to go on where something cannot be read: it may be whole, and what
 * is decided without it would be decided on a guess.
 *
 * @throws ReleasePlanError `archive-unreadable`, naming everything
 */
export function requireReadable(state: ArchiveState): void {
  const problems = unreadableOf(state);
  if (problems.length > 0) throw new ReleasePlanError('archive-unreadable', problems.join('\n'));
}

/**
 * What stands whole in the archive, for what is made of it.
 *
 * @param absent the error where nothing stands
 * @throws what `absent` makes; ReleasePlanError `archive-damaged`, `archive-unreadable`
 */
export function requireWhole<T>(
  entry: ArchiveEntry<T> | undefined,
  absent: () => ReleasePlanError,
): Extract<ArchiveEntry<T>, { state: 'whole' }> {
  switch (entry?.state) {
    case 'whole':
      return entry;
    case 'unreadable':
      throw new ReleasePlanError('archive-unreadable', entry.problems.join('; '));
    case 'damaged':
      throw new ReleasePlanError('archive-damaged', entry.problems.join('; '));
    case 'absent':
    case undefined:
      throw absent();
  }
}
