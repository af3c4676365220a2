import type { EngineName } from '../../core/plan.ts';
import type { Proof } from '../../core/archive.ts';
import type { DeltaProof, Progress } from '../../rdiff/index.ts';
import type { DeltaFormat } from '../../swu/devices.ts';

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
  /** The base's signature, made when it was archived. */
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

export interface ReadDeltaOptions {
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}

/**
 * A way to make the deltas of one version pair, and what is to be done with
 * them. An engine is never believed: its deltas are proven before they get
 * their final names.
 */
export interface DeltaEngine {
  readonly name: EngineName;
  /** Raised when deltas made before should be made again: they were wrong, or much larger than they need be. From 1. */
  readonly version: number;
  /** What delta-info.json calls the format of its deltas. */
  readonly algorithm: string;
  /** Whether `create` asks for {@link EngineHost.buildDelta}, so that the build directory has to be held. */
  readonly builds: boolean;
  /** The handlers that apply its deltas on a device, and the name of such a payload. */
  readonly format: DeltaFormat;
  create(job: DeltaJob, host: EngineHost): Promise<EngineResult>;
  /** Makes one plain delta here, whoever makes the others: of a partition that did not change and still travels. */
  diff(base: string, target: string, out: string, options: ReadDeltaOptions): Promise<void>;
  /** Writes what a delta, plain or compressed, gives from the base. */
  apply(base: string, delta: string, out: string, options: ReadDeltaOptions): Promise<void>;
  /** Applies a delta to its base, compares with the target bit for bit. @param digest also give the target's sha256 */
  prove(
    base: string,
    delta: string,
    target: string,
    options: ReadDeltaOptions & { digest?: boolean },
  ): Promise<DeltaProof>;
  /** Lets the code that devices run apply a delta; `not-checked` where it is not installed. */
  proveOnDevice(input: DeltaInput, delta: string, signal: AbortSignal): Promise<Proof>;
}
