import { distance } from 'fastest-levenshtein';

/** The known name that was probably meant: at most a third of its letters are wrong, and no other is as near. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  // Edit distance is quadratic: a megabyte of text is no misspelt name.
  if (known.length === 0 || name.length > 200) return undefined;
  const lower = name.toLowerCase();
  const distances = known.map((one) => distance(lower, one.toLowerCase()));
  const least = distances.reduce((one, other) => Math.min(one, other));
  const nearest = [...new Set(known.filter((_, at) => distances[at] === least))];
  const [found = ''] = nearest;
  return nearest.length === 1 && least <= Math.max(1, Math.floor(found.length / 3)) ? found : undefined;
}

const MOST_LISTED = 20;

/** A hint for an unknown name: the one that was meant, or the ones there are. */
export function suggestion(name: string, known: readonly string[], what: string): string {
  const meant = closestName(name, known);
  if (meant !== undefined) return `Did you mean ${JSON.stringify(meant)}?`;
  if (known.length === 0) return `There are no ${what}.`;
  const rest = known.length - MOST_LISTED;
  return `Known ${what}: ${known.slice(0, MOST_LISTED).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}.`;
}
