import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import Handlebars from 'handlebars';
import { messageOf } from '../core/errors.ts';
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

/** Why a template does not parse, in a line; undefined when it does. */
export function templateProblem(source: string): string | undefined {
  try {
    Handlebars.parse(source);
    return undefined;
  } catch (error) {
    // "Parse error on line 3:", the text, a pointer below it, what was expected.
    const [first = '', ...rest] = messageOf(error).split('\n');
    return [first.replace(/:$/, ''), rest.at(-1)].filter((one) => one !== undefined && one !== '').join(': ');
  }
}

/** {@link renderTemplate} of a file. */
export async function renderTemplateFile(path: string, data: object, helpers: TemplateHelpers): Promise<string> {
  return renderTemplate(await readFile(path, 'utf8'), data, helpers);
}
