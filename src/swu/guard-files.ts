/** The guard as packages carry it, and whether a package runs anything else. */
import { readFile } from 'node:fs/promises';
import { digestBytes } from '../io/hash.ts';
import { templatePath } from '../io/template.ts';
import type { SwDescription } from './views.ts';

/** The shell guard as a member. */
export const GUARD_SCRIPT = 'check-base.sh';

/** The text of the shell guard, which the Lua one runs too. */
export const guardScript = async (): Promise<Buffer> => await readFile(templatePath(GUARD_SCRIPT));

/** The Lua guard for `embedded-script`: one guard, called at two moments. */
export async function guardLua(): Promise<string> {
  const hook = await readFile(templatePath('check-base.lua'), 'utf8');
  return `check_base_script = [==[\n${(await guardScript()).toString('utf8')}]==]\n${hook}`;
}

/**
 * What a package runs on the machine that installs it, beside the guard of
 * this release: its name, or undefined where there is nothing.
 */
export async function foreignCode({ embeddedScript, views }: SwDescription): Promise<string | undefined> {
  if (embeddedScript !== undefined && embeddedScript !== (await guardLua())) return 'an embedded script';
  const { sha256 } = digestBytes(await guardScript());
  const foreign = views
    .flatMap((view) => view.entries)
    .find(
      (entry) =>
        entry.section === 'scripts' &&
        entry.type !== 'readback' &&
        (entry.type !== 'shellscript' || entry.filename !== GUARD_SCRIPT || entry.sha256 !== sha256),
    );
  return foreign === undefined ? undefined : `the script ${foreign.filename ?? foreign.type}`;
}
