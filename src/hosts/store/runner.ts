/** Steps with a store behind the archive. */
import type { WorkStep } from '../../core/step.ts';
import type { StepRunner } from '../../delivery/delivery.ts';
import type { Subject } from './names.ts';
import type { StoreSession } from './session.ts';

/** The subject that a step makes; undefined for a build, whose images are archived by the next step. */
export function madeBy(step: WorkStep): Subject | undefined {
  switch (step.kind) {
    case 'build':
      return undefined;
    case 'archive':
      return { kind: 'version', version: step.version };
    case 'full':
      return { kind: 'full', version: step.version };
    case 'delta':
      return { kind: 'update', from: step.from, to: step.to };
  }
}

/** The versions whose files a step reads. */
export function readBy(step: WorkStep): Subject[] {
  switch (step.kind) {
    case 'build':
    case 'archive':
      return [];
    case 'full':
      return [{ kind: 'version', version: step.version }];
    case 'delta':
      return [step.from, step.to].map((version): Subject => ({ kind: 'version', version }));
  }
}

/**
 * A runner that has the files of a step before it runs, and takes what it made to the store.
 *
 * @param isBrought the files of every step are here already
 */
export const storedRunner = (
  inner: StepRunner,
  store: StoreSession,
  { isBrought = false }: { isBrought?: boolean } = {},
): StepRunner => ({
  async run(step, snapshot, progress) {
    if (step.kind === 'build') await store.requireNotInTrash({ kind: 'version', version: step.version });
    const read = isBrought ? [] : readBy(step);
    if (read.length > 0) await store.bring(read, 'files', progress);
    const made = await inner.run(step, snapshot, progress);
    const subject = madeBy(step);
    if (subject === undefined || (await store.send(subject, progress))) return made;
    const taken = await store.taken(step, snapshot);
    return { ...taken, message: `${made.message}; another host was first, and its one counts` };
  },
});
