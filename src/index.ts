/**
 * What release-plan offers as a library: librsync's signatures and deltas, made
 * by an engine that sees the whole base.
 *
 * ```ts
 * import { createDelta, applyDelta } from 'kas-release-plan';
 * await createDelta('rootfs-0.1.0.squashfs', 'rootfs-0.2.0.squashfs', 'rootfs.delta');
 * await applyDelta('rootfs-0.1.0.squashfs', 'rootfs.delta', 'rootfs.out');
 * ```
 */
export type { Code } from './core/codes/index.ts';
export { ReleasePlanError } from './core/errors.ts';
export {
  applyDelta,
  createDelta,
  gzipFile,
  inspectDelta,
  proveDelta,
  readSignatureHeader,
  signature,
  zstdFile,
  type AppliedDelta,
  type ApplyOptions,
  type Compressed,
  type CompressOptions,
  type CreateDeltaOptions,
  type DeltaInspection,
  type DeltaProof,
  type DeltaSummary,
  type OpcodeCount,
  type Progress,
  type ProveOptions,
  type SignatureHeader,
  type SignatureOptions,
} from './rdiff/index.ts';
