/** What clients take, so that a delta made here applies on each of them. */

/** libostree 2026.3 stops here, whatever a part declares. */
const LARGEST_PART_BYTES = 512 * 1024 * 1024;

const FRAMING_BYTES = 4096;
const XATTR_BYTES_PER_OBJECT = 64 * 1024;

/**
 * How large a part's content may become when it is decompressed. libostree
 * 2026.3 refuses a part that is larger than the objects it declares by more
 * than a margin; neither earlier nor later releases have such a limit.
 *
 * @param uncompressedBytes of the part's objects, as its entry declares
 * @see ostree v2026.3, _ostree_static_delta_compute_part_margin; what it allows for operations is left out here
 */
export function decompressedLimit(uncompressedBytes: number, objects: number): number {
  const margin = FRAMING_BYTES + objects * XATTR_BYTES_PER_OBJECT + Math.floor(uncompressedBytes / 32);
  return Math.min(LARGEST_PART_BYTES, uncompressedBytes + margin);
}

/** What one object contributes to that limit, rounded down. */
export const allowanceOf = (uncompressedBytes: number): number =>
  uncompressedBytes + XATTR_BYTES_PER_OBJECT + Math.floor(uncompressedBytes / 32) - 1;

/** The most bytes that the content of a new part may have, above one object alone. */
export const PART_BYTES = 32_000_000;

/** Larger files are never patched: a client would hold the whole of both in memory. As ostree's --max-bsdiff-size. */
export const PATCHED_BYTES = 128_000_000;

/** Larger files that have no source are fetched by themselves. As ostree's --min-fallback-size. */
export const FALLBACK_BYTES = 4_000_000;
