import { parseDocument } from 'yaml';
import { readRegularText } from '../io/regular.ts';

/**
 * The variables that a chain passes on to BitBake, with their values: for a
 * name under `env:`, the caller's value wins over the file's, so the shell is
 * part of the configuration.
 *
 * Files that the chain includes are not followed: kas resolves them only after
 * it has fetched their repositories.
 *
 * @returns name -> value, for names that have one
 */
export async function passedEnvironment(
  files: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Map<string, string>> {
  const passed = new Map<string, string>();
  for (const file of files) {
    for (const [name, value] of Object.entries(envOf(await readRegularText(file)))) {
      const effective = env[name] ?? (value === null || value === undefined ? undefined : String(value));
      if (effective !== undefined) passed.set(name, effective);
    }
  }
  return passed;
}

/** The top-level `env:` of a kas file. kas itself has read the file by now and complains of what is wrong with it. */
function envOf(text: string): Record<string, unknown> {
  const document: unknown = parseDocument(text, { logLevel: 'silent', uniqueKeys: false, version: '1.1' }).toJS();
  if (typeof document !== 'object' || document === null || !('env' in document)) return {};
  return typeof document.env === 'object' && document.env !== null ? (document.env as Record<string, unknown>) : {};
}
