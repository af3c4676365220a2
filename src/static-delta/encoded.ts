/** What one object adds to its part. */
export interface Encoded {
  /** Follow each other in the payload. */
  payload: Uint8Array[];
  operations: number[];
}
