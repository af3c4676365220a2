import type { Finding } from '../finding.ts';
import type { PlanSource } from '../source.ts';
import type { Project } from './project.ts';
import { versionsInOrder } from './versions.ts';

/** Judges what the schema cannot: one concern, from the content alone. Tolerates whatever is missing. */
export type Rule = (plan: PlanSource) => Finding[];

/** A rule that looks at the disk. */
export type FileRule = (plan: PlanSource, project: Project) => Promise<Finding[]>;

/** Every rule; a new one is a file and a line here. */
export const rules: readonly Rule[] = [
  versionsInOrder,
];

/** Every rule that looks at the disk. */
export const fileRules: readonly FileRule[] = [];
