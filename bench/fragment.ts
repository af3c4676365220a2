/** What the fragments of the top-level kas/ folder say, so that what is measured is what they set. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

/** A fragment's file, absolute. @param name such as `reproducible` */
export const fragmentFile = (name: string): string => fileURLToPath(new URL(`../kas/${name}.yml`, import.meta.url));

/**
 * The variables that a fragment assigns, each with those of the fragment itself
 * expanded in it; later assignments win, as in BitBake for `=`.
 */
export function fragmentVariables(name: string): ReadonlyMap<string, string> {
  const document = parse(readFileSync(fragmentFile(name), 'utf8')) as { local_conf_header: Record<string, string> };
  const assignments = Object.values(document.local_conf_header)
    .flatMap((block) => block.split('\n'))
    .flatMap((line) => {
      const [, variable, value] = /^(?:export )?([^\s=?]+) *\?{0,2}= *"([^"]*)"$/.exec(line) ?? [];
      return variable === undefined || value === undefined ? [] : [[variable, value] as const];
    });
  const variables = new Map(assignments);
  const expanded = (value: string): string =>
    value.replace(/\$\{(\w+)\}/g, (whole, variable: string) => expandedOf(variable) ?? whole);
  const expandedOf = (variable: string): string | undefined => {
    const value = variables.get(variable);
    return value === undefined ? undefined : expanded(value);
  };
  return new Map(assignments.map(([variable, value]) => [variable, expanded(value)]));
}

/** Options of a mkfs program as a fragment gives them. @throws Error where it gives none */
export function fragmentOptions(name: string, variable: string): string[] {
  const value = fragmentVariables(name).get(variable);
  if (value === undefined) throw new Error(`kas/${name}.yml does not set ${variable}`);
  return value.split(' ').filter((option) => option !== '');
}
