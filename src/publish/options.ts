/** Reads the keys of a destination, whose kinds the plan's schema has checked. */
import { resolve } from 'node:path';
import type { DestinationHost } from './destination.ts';
import type { DestinationSettings, SecretSource } from '../core/plan.ts';

/** A text; undefined when the plan does not give it. */
export function optionalText({ options }: Pick<DestinationSettings, 'options'>, key: string): string | undefined {
  const value = options[key];
  return typeof value === 'string' ? value : undefined;
}

/** A text that the schema requires. */
export function requiredText(settings: DestinationSettings, key: string): string {
  const value = optionalText(settings, key);
  if (value === undefined) throw new Error(`the schema lets a ${settings.kind} destination pass without ${key}`);
  return value;
}

/** A path, made absolute. */
export function optionalPath(
  settings: DestinationSettings,
  key: string,
  { planDir }: Pick<DestinationHost, 'planDir'>,
): string | undefined {
  const value = optionalText(settings, key);
  return value === undefined ? undefined : resolve(planDir, value);
}

/** Where the secret is that `KEY_env` or `KEY_file` names. */
export function secretSource(
  settings: DestinationSettings,
  key: string,
  host: Pick<DestinationHost, 'planDir'>,
): SecretSource | undefined {
  const env = optionalText(settings, `${key}_env`);
  if (env !== undefined) return { env };
  const file = optionalPath(settings, `${key}_file`, host);
  return file === undefined ? undefined : { file };
}
