import type { EngineName } from '../../core/plan.ts';

/** A file in the archive whose content is known. */
export interface ImageRef {
  path: string;
  sizeBytes: number;
  /** 64 hex digits. */
  sha256: string;
}

/** One partition that is updated by delta. */
export interface DeltaInput {
  partition: string;
  base: ImageRef;
  target: ImageRef;
  /** The base's rdiff signature, made when it was archived. */
  baseSignature: string;
}

export interface DeltaJob {
  from: string;
  to: string;
  inputs: readonly DeltaInput[];
  /** Folder to fill with `<partition>.delta` and `<partition>.delta.gz`, and a `.swu` when the engine makes its own. */
  outDir: string;
  signal?: AbortSignal;
  progress(message: string): void;
}

/** What an engine may ask of the one who runs it. */
export interface EngineHost {
  /** Runs the plan's own delta build (`kas.delta_config`) and returns the folder with its results. */
  buildDelta(from: string, to: string): Promise<string>;
}

/** What an engine leaves beside the deltas. */
export interface EngineResult {
  /** Program -> version line, for delta-info.json. */
  tools: Record<string, string>;
  /** Path of a package that the engine made itself; otherwise one is made. */
  swu?: string;
}

/**
 * A way to make the deltas of one version pair. An engine is never believed:
 * its deltas are proven by delta/update.ts before they get their final names.
 */
export interface DeltaEngine {
  name: EngineName;
  /** Raised when deltas made before should be made again: they were wrong, or much larger than they need be. From 1. */
  version: number;
  create(job: DeltaJob, host: EngineHost): Promise<EngineResult>;
}
