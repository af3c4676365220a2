/** What a page shows beside the report. Types only. */
import type { ChangedPair, ExplainedDelta } from '../../core/findings.ts';
import type { RolloutStanding } from '../../core/rollout.ts';
import type { RunRecord } from '../../core/run-record.ts';

/** A package that reached a destination. */
export interface PublishedRow {
  destination: string;
  kind: string;
  place: string;
  version: string;
  /** Absent for the full package. */
  base?: string;
  fileName: string;
  sizeBytes: number;
  /** ISO 8601, UTC. */
  at: string;
}

/** A file that a page leads to. */
export interface PageLink {
  label: string;
  /** Relative to the page, or a URL. */
  href: string;
}

/** What a page shows beside the report. */
export interface PageFacts {
  /** The last runs, oldest first. */
  runs: readonly RunRecord[];
  published: readonly PublishedRow[];
  /** As their servers told last. */
  rollouts: readonly RolloutStanding[];
  explained: readonly ExplainedDelta[];
  changed: readonly ChangedPair[];
  /** Files of a subject: a version, a pair in words, or {@link fullSubject}. */
  links: ReadonlyMap<string, readonly PageLink[]>;
}

/** A page of a report alone. */
export const NO_FACTS: PageFacts = {
  runs: [],
  published: [],
  rollouts: [],
  explained: [],
  changed: [],
  links: new Map(),
};

/** How links name the full package of a version. */
export const fullSubject = (version: string): string => `full package ${version}`;
