import { resolve } from 'node:path';
import { errnoOf, ReleasePlanError } from '../../core/errors.ts';
import { readRegularText } from '../../io/regular.ts';
import { quote, type Finding } from '../finding.ts';
import type { PlanSource } from '../source.ts';
import type { Project } from './project.ts';

/** A template of the user's own parses: what it makes is known only when a package is described, after the builds. */
export async function templateParses({ swu }: PlanSource, { dir }: Project): Promise<Finding[]> {
  const file = swu?.template;
  if (file === undefined) return [];
  let text: string;
  try {
    text = await readRegularText(resolve(dir, file));
  } catch (error) {
    if (error instanceof ReleasePlanError)
      return [{ code: error.code, at: ['swu', 'template'], message: error.message }];
    // That it is not there is told by another rule.
    if (errnoOf(error) !== undefined) return [];
    throw error;
  }
  // Loaded for plans that have a template: most have none.
  const { templateProblem } = await import('../../io/template.ts');
  const problem = templateProblem(text);
  if (problem === undefined) return [];
  return [
    {
      code: 'swu-template',
      at: ['swu', 'template'],
      message: `swu.template ${quote(file)} is no Handlebars template: ${problem}`,
    },
  ];
}
