/** How many files are read at once: one is hashed while the disk, or a server, gets the next ones. */
export const FILES_AT_ONCE = 4;

/**
 * Does the same with each of a list, so many at once, and gives the results in the list's order.
 *
 * @throws what the first one throws that fails, when those that were begun have ended
 */
export async function severalAtOnce<T, R>(
  items: Iterable<T>,
  most: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const queue = [...items].entries();
  const results: R[] = [];
  let failure: { error: unknown } | undefined;
  const one = async (): Promise<void> => {
    // The iterator is shared: each takes what is next.
    for (const [index, item] of queue) {
      try {
        results[index] = await work(item);
      } catch (error) {
        failure ??= { error };
      }
      if (failure !== undefined) return;
    }
  };
  await Promise.all(Array.from({ length: most }, one));
  if (failure !== undefined) throw failure.error;
  return results;
}

/** Everything that a stream gives. */
export async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
