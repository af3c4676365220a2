import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { ReleasePlanError } from '../core/errors.ts';
import { run } from '../io/process.ts';

/** A container that kas-container runs kas in, named by us so that it can be stopped. */
export interface Container {
  name: string;
  /** Container engines to try, the one in use first. */
  engines: readonly string[];
}

/** The container for a command, or undefined when kas runs on this machine. */
export function containerFor(command: string, env: NodeJS.ProcessEnv): Container | undefined {
  if (basename(command) !== 'kas-container') return undefined;
  const asked = env.KAS_CONTAINER_ENGINE ?? env.KAS_DOCKER_ENGINE ?? '';
  // As kas-container itself looks: docker before podman.
  return {
    name: `release-plan-${process.pid}-${randomBytes(4).toString('hex')}`,
    engines: asked === '' ? ['docker', 'podman'] : [asked],
  };
}

/**
 * What comes before kas-container's own command. It passes on the environment
 * that it knows, and what a recipe is to read is not among it.
 *
 * @param variables values without spaces: kas-container splits at them
 */
export const containerOptions = ({ name }: Container, variables: Record<string, string>): string[] => [
  '--runtime-args',
  [`--name ${name}`, ...Object.entries(variables).map(([key, value]) => `-e ${key}=${value}`)].join(' '),
];

/** Where kas-container mounts things, as [inside, outside]. @see kas-container 3.1 and 5.4 */
export const containerMounts = (places: {
  workDir: string;
  buildDir: string;
  repository: string;
}): Array<readonly [inside: string, outside: string]> => [
  ['/work', places.workDir],
  ['/build', places.buildDir],
  ['/repo', places.repository],
];

/**
 * The first process of a container, as this machine counts: where the engine
 * runs elsewhere, or the container has not begun, there is none.
 */
export async function containerPid({ name, engines }: Container, env: NodeJS.ProcessEnv): Promise<number[]> {
  for (const engine of engines) {
    try {
      const { stdout } = await run(engine, ['inspect', '--format', '{{.State.Pid}}', name], {
        env,
        okCodes: [0, 1, 125],
        timeoutMs: INSPECT_MS,
      });
      const pid = Number.parseInt(stdout, 10);
      return pid > 1 ? [pid] : [];
    } catch (error) {
      if (!(error instanceof ReleasePlanError)) throw error;
      if (error.code !== 'tool-missing') return [];
    }
  }
  return [];
}

const INSPECT_MS = 10_000;

/**
 * Ends everything in a container. Signals to kas-container end the client at
 * best; the container builds on. A container that has ended is no error.
 *
 * @param env the environment that kas-container was given
 */
export async function killContainer({ name, engines }: Container, env: NodeJS.ProcessEnv): Promise<void> {
  for (const engine of engines) {
    try {
      await run(engine, ['kill', name], { env, okCodes: [0, 1, 125] });
      return;
    } catch (error) {
      if (!(error instanceof ReleasePlanError) || error.code !== 'tool-missing') throw error;
    }
  }
}
