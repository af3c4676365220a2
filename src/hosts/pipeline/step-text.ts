/** A step as one word, as jobs of a pipeline name it: `build:0.1.0`, `full:0.3.0`, `delta:0.1.0:0.3.0:rdiff`. */
import { ReleasePlanError } from '../../core/errors.ts';
import type { WorkStep } from '../../core/step.ts';
import { engineNamed } from '../../delivery/engines/index.ts';
import { isVersion } from '../../plan/version.ts';

/** Why a step is made that a job of a pipeline names. */
const WHY = 'named by the pipeline';

/** A version holds no colon. Building a version archives it, so archiving has no word of its own. */
export function stepText(step: WorkStep): string {
  switch (step.kind) {
    case 'build':
    case 'archive':
      return `build:${step.version}`;
    case 'full':
      return `full:${step.version}`;
    case 'delta':
      return `delta:${step.from}:${step.to}:${step.engine}`;
  }
}

/** What a word of {@link stepText} means. @throws ReleasePlanError `usage`, `engine-unsuited` */
export function stepsOfText(text: string): WorkStep[] {
  const [kind, ...words] = text.split(':');
  const [a = '', b = '', engine = ''] = words;
  const refuse = (): ReleasePlanError =>
    new ReleasePlanError('usage', `${JSON.stringify(text)} is not a step`, {
      hint: 'A step is build:VERSION, full:VERSION or delta:FROM:TO:ENGINE.',
    });
  if (!isVersion(a)) throw refuse();
  if (kind === 'build' && words.length === 1)
    return [
      { kind, version: a, why: WHY },
      { kind: 'archive', version: a, why: WHY },
    ];
  if (kind === 'full' && words.length === 1) return [{ kind, version: a, why: WHY }];
  if (kind !== 'delta' || words.length !== 3 || !isVersion(b)) throw refuse();
  return [{ kind, from: a, to: b, engine: engineNamed(engine as Parameters<typeof engineNamed>[0]).name, why: WHY }];
}
