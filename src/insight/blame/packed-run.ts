/** A part of what a compressed file makes, and what each byte of it takes there. Types only. */
export interface PackedRun {
  outBytes: number;
  /**
   * Where what a byte takes begins in the compressed file, in bytes and parts of them; of `outBytes` the end. Never
   * less than of the byte before.
   */
  placeOf(byte: number): number;
}
