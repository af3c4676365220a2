/** Ways over several deltas, one after the other. Pure. */

/** A delta that is there, or is going to be. */
export interface Link {
  from: string;
  to: string;
  bytes: number;
}

/** A way of a device that is cheaper than what it would take otherwise. */
export interface Chain {
  base: string;
  devices: number;
  /** Versions from the base to the target: three or more. */
  over: string[];
  /** What a device downloads on the way, and what it would otherwise. */
  bytes: number;
  insteadBytes: number;
}

/**
 * The cheapest ways over two or more deltas, where they cost less than what the devices of a base take now.
 *
 * @param now what devices on each base download: their delta, or the full package
 */
export function cheaperChains(
  links: readonly Link[],
  target: string,
  now: ReadonlyMap<string, { devices: number; bytes: number }>,
): Chain[] {
  const next = cheapestWays(links, target);
  const chains: Chain[] = [];
  for (const [base, { devices, bytes: insteadBytes }] of now) {
    const over: string[] = [base];
    for (let at = next.get(base)?.to; at !== undefined; at = next.get(at)?.to) over.push(at);
    const bytes = next.get(base)?.bytes ?? Infinity;
    if (over.length > 2 && bytes < insteadBytes) chains.push({ base, devices, over, bytes, insteadBytes });
  }
  return chains.sort((a, b) => b.devices * (b.insteadBytes - b.bytes) - a.devices * (a.insteadBytes - a.bytes));
}

/** Dijkstra's algorithm, backwards from the target: where each version goes next, and what all of the way costs. */
function cheapestWays(links: readonly Link[], target: string): Map<string, { to: string | undefined; bytes: number }> {
  const leading = new Map<string, Link[]>();
  for (const link of links) leading.set(link.to, [...(leading.get(link.to) ?? []), link]);
  const ways = new Map<string, { to: string | undefined; bytes: number }>([[target, { to: undefined, bytes: 0 }]]);
  const open = new Set([target]);
  while (open.size > 0) {
    const nearest = [...open].reduce((a, b) => ((ways.get(b)?.bytes ?? 0) < (ways.get(a)?.bytes ?? 0) ? b : a));
    open.delete(nearest);
    const soFar = ways.get(nearest)?.bytes ?? 0;
    for (const { from, bytes } of leading.get(nearest) ?? []) {
      if (soFar + bytes >= (ways.get(from)?.bytes ?? Infinity)) continue;
      ways.set(from, { to: nearest, bytes: soFar + bytes });
      open.add(from);
    }
  }
  return ways;
}
