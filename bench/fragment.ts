/** What the fragments of the top-level kas/ folder say, so that what is measured is what they set. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** A fragment's file, absolute. @param name such as `reproducible` */
export const fragmentFile = (name: string): string => fileURLToPath(new URL(`../kas/${name}.yml`, import.meta.url));

/**
 * The variables that fragments assign, each with those of the fragments
 * themselves expanded in it.
 */
export function fragmentVariables(...names: readonly string[]): ReadonlyMap<string, string> {
  const variables = new Map(names.flatMap(assignmentsOf));
  const expanded = (value: string): string =>
    value.replace(/\$\{(\w+)\}/g, (whole, name: string) => {
      const inner = variables.get(name);
      return inner === undefined ? whole : expanded(inner);
    });
  return new Map([...variables].map(([name, value]) => [name, expanded(value)]));
}

function assignmentsOf(name: string): Array<[variable: string, value: string]> {
  const document = parse(readFileSync(fragmentFile(name), 'utf8')) as { local_conf_header: Record<string, string> };
  return Object.values(document.local_conf_header)
    .flatMap((block) => block.split('\n'))
    .flatMap((line): Array<[string, string]> => {
      const [, variable, value] = /^([^\s=?#]+) *\?{0,2}= *"([^"]*)"$/.exec(line) ?? [];
      return variable === undefined || value === undefined ? [] : [[variable, value]];
    });
}

/**
 * Options of a mkfs program as a fragment gives them, together with kas/reproducible.yml.
 *
 * @throws Error where it gives none
 */
export function fragmentOptions(name: string, variable: string): string[] {
  const value = fragmentVariables('reproducible', name).get(variable);
  if (value === undefined) throw new Error(`kas/${name}.yml does not set ${variable}`);
  return value.split(' ').filter((option) => option !== '');
}
