/**
 * What a child process gets of the environment. The key of the release is in
 * there, or the way to it, and passwords of servers: no child gets more than
 * it is meant to have.
 */

/** What the programs that release-plan runs for itself may need, beside the prefixes below. */
const FOR_TOOLS: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'TERM',
  'TMPDIR',
  'TZ',
  'LANG',
  'LANGUAGE',
  'LD_LIBRARY_PATH',
  'SOURCE_DATE_EPOCH',
  'GNUPGHOME',
  'GPG_TTY',
  'MAGIC',
]);
const PREFIXES_FOR_TOOLS = ['LC_', 'XDG_'];

/** debugfs and sfdisk are where only root's PATH leads. */
const MORE_PATH = '/usr/sbin:/sbin';

/**
 * The environment of a program that works on files for us (unsquashfs, rdiff,
 * git, swupdate, ...): a few names that are known to matter, and the C locale,
 * so that messages can be read. Pure.
 */
export function toolEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => FOR_TOOLS.has(name) || PREFIXES_FOR_TOOLS.some((prefix) => name.startsWith(prefix)),
  );
  return { ...Object.fromEntries(kept), LC_ALL: 'C.UTF-8', PATH: `${env.PATH ?? ''}:${MORE_PATH}` };
}

/** What release-plan itself takes from the environment, and no command of a plan may see. */
export const OWN_SECRETS = ['RELEASE_PLAN_QUEUE_KEY', 'RELEASE_PLAN_QUEUE_PASSWORD'] as const;

/** An environment without some names. Pure. */
export function withoutVariables(env: NodeJS.ProcessEnv, names: readonly string[]): NodeJS.ProcessEnv {
  const withheld = new Set(names);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !withheld.has(name)));
}
