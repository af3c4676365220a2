/** What is to be done to make a plan true, and in which words. Decided by a delivery, run by jobs/apply.ts. */
import { pairText } from './pair.ts';
import type { EngineName } from './plan.ts';

/** A step that makes something. */
export type WorkStep =
  | { kind: 'build'; version: string; why: string }
  | { kind: 'archive'; version: string; why: string }
  | {
      /** The full package of a version. */
      kind: 'full';
      version: string;
      why: string;
      blocked?: string[];
    }
  | {
      kind: 'delta';
      from: string;
      to: string;
      engine: EngineName;
      why: string;
      /** Damage in the archive that keeps it from being made. */
      blocked?: string[];
    };

export type Step = WorkStep | { kind: 'report'; why: string };

export type Phase = Step['kind'];

/** The phases in their order, as `--only` takes them. */
export const PHASES = ['build', 'archive', 'full', 'delta', 'report'] as const satisfies readonly Phase[];

/** A step in words, for lists and logs. */
export function titleOf(step: Step): string {
  switch (step.kind) {
    case 'build':
      return `build ${step.version}`;
    case 'archive':
      return `archive ${step.version}`;
    case 'full':
      return `full package ${step.version}`;
    case 'delta':
      return `delta ${pairText(step)} (${step.engine})`;
    case 'report':
      return 'report';
  }
}

/** The versions that a step makes or is made of. */
export function versionsOf(step: WorkStep): string[] {
  switch (step.kind) {
    case 'build':
    case 'archive':
    case 'full':
      return [step.version];
    case 'delta':
      return [step.from, step.to];
  }
}

/** Whether one step makes what the other makes. */
export function sameWork(a: Step, b: Step): boolean {
  switch (a.kind) {
    case 'build':
    case 'archive':
    case 'full':
      return b.kind === a.kind && b.version === a.version;
    case 'delta':
      return b.kind === 'delta' && b.from === a.from && b.to === a.to && b.engine === a.engine;
    case 'report':
      return b.kind === 'report';
  }
}

/** The steps with the report behind them, where it would read otherwise than the one on disk. */
export function withReport(steps: readonly WorkStep[], reportIsCurrent: boolean): Step[] {
  if (steps.length > 0) return [...steps, { kind: 'report', why: 'the steps above change it' }];
  return reportIsCurrent ? [] : [{ kind: 'report', why: 'the report on disk is missing or out of date' }];
}
