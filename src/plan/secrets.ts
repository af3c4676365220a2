/** Which variables of the environment a plan names as secret, and what its commands get without them. Pure. */
import type { Plan } from '../core/plan.ts';
import { OWN_SECRETS, withoutVariables } from '../io/environment.ts';
import { S3_VARIABLES } from '../io/s3/credentials.ts';

const REFERENCE = /\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

/** Keys whose value a shell reads: a `${NAME}` there is the shell's, and asks for a variable that the command needs. */
const COMMANDS: ReadonlySet<string> = new Set(['command', 'sign']);

/**
 * The variables that hold what is secret: those that a value refers to by
 * `${NAME}`, as `signing.key` does, and those whose name stands in a key that
 * ends with `_env` (here `Env`); for a bucket without a file of credentials,
 * also where the AWS tools have theirs. Each once.
 *
 * @param plan a plan, or a part of one
 */
export function secretVariables(plan: object): string[] {
  const names = new Set<string>();
  const visit = (value: unknown, key: string): void => {
    if (typeof value === 'string') {
      if (COMMANDS.has(key)) return;
      if (key.endsWith('Env')) names.add(value);
      for (const [, name = ''] of value.matchAll(REFERENCE)) names.add(name);
    } else if (Array.isArray(value)) for (const one of value) visit(one, key);
    else if (value !== null && typeof value === 'object') {
      if (asksEnvironment(value)) for (const name of S3_VARIABLES) names.add(name);
      for (const [name, one] of Object.entries(value)) visit(one, name);
    }
  };
  visit(plan, '');
  return [...names];
}

/** A destination or a store whose credentials are in the environment. */
const asksEnvironment = (place: { kind?: unknown; credentialsFile?: unknown; options?: unknown }): boolean =>
  place.kind === 's3' &&
  place.credentialsFile === undefined &&
  (place.options as { credentials_file?: unknown } | undefined)?.credentials_file === undefined;

/** The environment of `fleet.command`, `targets.sign` and `notify.command`: the caller's without what is secret. */
export const commandEnvironment = (plan: Plan, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  withoutVariables(env, [...secretVariables(plan), ...OWN_SECRETS]);

/** How `targets.sign` is run, for whoever rewrites the registry; nothing where the plan has no such command. */
export const signOf = (
  plan: Plan,
  env: NodeJS.ProcessEnv,
): { sign?: string; env?: NodeJS.ProcessEnv; timeoutMs?: number } =>
  plan.targets?.sign === undefined
    ? {}
    : { sign: plan.targets.sign, env: commandEnvironment(plan, env), timeoutMs: plan.commandTimeoutMs };

/** The environment of kas: the caller's without what is secret, but for what `kas.pass` names. */
export function buildEnvironment(plan: Plan, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const passed = new Set(plan.kas?.pass ?? []);
  return withoutVariables(env, [...secretVariables(plan).filter((name) => !passed.has(name)), ...OWN_SECRETS]);
}
