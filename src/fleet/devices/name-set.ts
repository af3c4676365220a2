/** Which of a million names were there: as hashes in one array, since the texts would take hundreds of megabytes. */

const FIRST_SLOTS = 1024;
/** Of the slots, before there are more. */
const FULLEST = 0.7;

/** Names by hashes of 52 bits: that two of a million share one is a matter of one in ten thousand fleets. */
export class NameSet {
  /** Open addressing; 0 is free, which no hash is. */
  #slots = new Float64Array(FIRST_SLOTS);
  #size = 0;

  /** @returns whether the name is new */
  add(name: string): boolean {
    const hash = hashOf(name);
    const at = this.#slotOf(hash);
    if (this.#slots[at] === hash) return false;
    this.#slots[at] = hash;
    this.#size += 1;
    if (this.#size > FULLEST * this.#slots.length) this.#grow();
    return true;
  }

  has(name: string): boolean {
    const hash = hashOf(name);
    return this.#slots[this.#slotOf(hash)] === hash;
  }

  /** Where a hash is, or would be. */
  #slotOf(hash: number): number {
    const mask = this.#slots.length - 1;
    let at = (hash >>> 0) & mask;
    while (this.#slots[at] !== 0 && this.#slots[at] !== hash) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Float64Array(2 * old.length);
    for (const hash of old) if (hash !== 0) this.#slots[this.#slotOf(hash)] = hash;
  }
}

/** FNV-1a over two halves, never 0. */
function hashOf(text: string): number {
  let [low, high] = [0x811c9dc5, 0x1000193];
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + at), 0x85ebca6b);
  }
  return (high >>> 12) * 0x1_0000_0000 + (low >>> 0) || 1;
}
