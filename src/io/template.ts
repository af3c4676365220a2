import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import Handlebars from 'handlebars';
import { packageFile } from './package.ts';

/** A helper of a template: turns one value into text that is safe where it stands. */
export type TemplateHelpers = Record<string, (value: unknown) => string>;

/** Absolute path of a template that ships with release-plan. */
export const templatePath = (name: string): string => fileURLToPath(packageFile(`templates/${name}`));

/**
 * Renders a Handlebars template in an instance of its own: strict (an unknown
 * name is an error) and without HTML escaping, since no template here makes
 * HTML by hand. Quoting for the target language is the helpers' work.
 *
 * @throws Error with the template's line when it does not parse or names something unknown
 */
export function renderTemplate(source: string, data: object, helpers: TemplateHelpers): string {
  const instance = Handlebars.create();
  for (const [name, helper] of Object.entries(helpers)) instance.registerHelper(name, helper);
  return instance.compile(source, {
    strict: true,
    noEscape: true,
    knownHelpers: Object.fromEntries(Object.keys(helpers).map((name) => [name, true])),
  })(data);
}

/** {@link renderTemplate} of a file. */
export async function renderTemplateFile(path: string, data: object, helpers: TemplateHelpers): Promise<string> {
  return renderTemplate(await readFile(path, 'utf8'), data, helpers);
}
