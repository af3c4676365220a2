import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { errnoOf } from '../../core/errors.ts';
import { quote, type Finding } from '../finding.ts';
import type { PlanSource } from '../source.ts';
import type { Project } from './project.ts';

/** A template of the user's own parses: what it makes is known only when a package is described, after the builds. */
export async function templateParses({ swu }: PlanSource, { dir }: Project): Promise<Finding[]> {
  const file = swu?.template;
  if (file === undefined) return [];
  const text = await readFile(resolve(dir, file), 'utf8').catch((error: unknown) => {
    // That it is not there is told by another rule.
    if (errnoOf(error) === undefined) throw error;
    return undefined;
  });
  if (text === undefined) return [];
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
