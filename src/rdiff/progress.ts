/** How far an operation of the delta engine is. */
export interface Progress {
  phase: 'signature' | 'index' | 'scan' | 'write' | 'apply' | 'prove';
  doneBytes: number;
  /** Absent where it is known only at the end: a delta does not say how large its target is. */
  totalBytes?: number;
}
