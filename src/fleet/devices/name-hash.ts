/** Names of devices as numbers: a million texts would take hundreds of megabytes. */

/**
 * 52 bits of a text, by FNV-1a over two halves: that two of a million names
 * share one is a matter of one in ten thousand fleets.
 */
export function hashName(text: string): number {
  let [low, high] = [0x811c9dc5, 0x1000193];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + at), 0x85ebca6b);
  }
  return (high >>> 12) * 0x1_0000_0000 + (low >>> 0);
}
