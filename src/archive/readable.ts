import { ReleasePlanError } from '../core/errors.ts';
import { problemsOf, type ArchiveState } from '../core/archive.ts';

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
