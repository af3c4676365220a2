/** The librsync formats and the delta engine: what the rest of the program, and library users, call. */
export { applyDelta, type AppliedDelta, type ApplyOptions } from './apply.ts';
export { gzipFile, zstdFile, type Compressed, type CompressOptions } from './compress.ts';
export { createDelta, deltaMemoryBytes, type CreateDeltaOptions, type DeltaSummary } from './create.ts';
export { readDelta } from './delta-source.ts';
export { inspectDelta, type DeltaInspection, type OpcodeCount } from './inspect.ts';
export type { Progress } from './progress.ts';
export { proveDelta, type DeltaProof, type ProveOptions } from './prove.ts';
export { signature, type SignatureOptions } from './signature.ts';
export { readSignatureHeader, type SignatureHeader } from './signature-format.ts';
