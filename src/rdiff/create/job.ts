import type { Progress } from '../progress.ts';
import type { Crew } from './crew.ts';
import type { Layout } from './layout.ts';

/** What matching needs to know of the images and of who does it. */
export interface MatchJob {
  crew: Crew;
  layout: Layout;
  memory: WebAssembly.Memory;
  /** The file of matches, open and empty. */
  matchesFd: number;
  baseBytes: number;
  targetBytes: number;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
}
