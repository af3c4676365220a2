/** A swupdate program: how it is started, and what its release understands. */
import { copyFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ReleasePlanError } from '../core/errors.ts';
import type { SigningMethod } from '../core/plan.ts';
import { ANY_EXIT_CODE, run, type RunOptions, type RunResult } from '../io/process.ts';
import { addPadding, tripsOldClients } from './pack.ts';

export interface Client {
  /** The program, with what stands before it. */
  command: readonly string[];
  /** As it says itself; empty where the packager dropped it. */
  version: string;
  /** Built with several digest algorithms (2025.12 and later): it must be told which one. */
  takesProvider: boolean;
}

/** SWUpdate's names of the providers that verify each method. */
const PROVIDERS: Readonly<Record<SigningMethod, string>> = {
  'cms': 'opensslCMS',
  'rsa': 'opensslRSA',
  'rsa-pss': 'opensslRSAPSS',
};

/**
 * Asks a swupdate what it understands.
 *
 * @param command the program, with what stands before it
 * @throws ReleasePlanError `tool-missing`
 */
export async function askClient(command: readonly string[] = ['swupdate']): Promise<Client> {
  const [program = '', ...before] = command;
  const asked = async (flag: string): Promise<string> => {
    // Help ends with exit code 1 in some releases, and goes to either stream.
    const { stdout, stderr } = await runClient(program, [...before, flag], {});
    return `${stdout}\n${stderr}`;
  };
  const version = /SWUpdate v(\S*)/.exec(await asked('--version'))?.[1] ?? '';
  return { command, version, takesProvider: (await asked('--help')).includes('--digest-provider') };
}

/**
 * The flags by which a device says what it trusts.
 *
 * @returns undefined where this client cannot verify the method: Debian's builds take CMS alone before 2025.12
 */
export function trustFlags(
  client: Client,
  { method, key, isCodeSigning }: { method: SigningMethod; key: string; isCodeSigning: boolean },
): string[] | undefined {
  const purpose = isCodeSigning ? ['--cert-purpose', 'codeSigning'] : [];
  if (client.takesProvider) return ['-k', key, '--digest-provider', PROVIDERS[method], ...purpose];
  return method === 'cms' ? ['-k', key, ...purpose] : undefined;
}

/** `swupdate 2026.05.1`, for messages. */
export const clientName = ({ version }: Client): string => (version === '' ? 'swupdate' : `swupdate ${version}`);

/** What a client said that went wrong, in a line. */
export function clientErrors(said: string): string {
  const errors = said.split('\n').filter((line) => line.includes('ERROR'));
  return errors.slice(0, 4).join('; ');
}

/** Whether a failure says that a program is not there. */
export const isMissing = (error: unknown): boolean =>
  error instanceof ReleasePlanError && error.code === 'tool-missing';

const TRIES = 3;

/**
 * Asks a client again when it stands still: SWUpdate 2022.12 can lose the
 * signal from the thread that takes the package to the one that installs it,
 * and then waits for ever; seen on a machine with a load of 13. It has decided
 * nothing by then.
 *
 * @param ask runs the client, with a time limit
 * @param prepare puts right what an attempt may have begun
 * @throws ReleasePlanError `tool-stalled` when it never answers; whatever `ask` throws
 */
export async function untilItAnswers<T>(ask: () => Promise<T>, prepare?: () => Promise<void>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await ask();
    } catch (error) {
      if (tries === TRIES || !(error instanceof ReleasePlanError) || error.code !== 'tool-stalled') throw error;
      await prepare?.();
    }
  }
}

/** What a client says, before it ends with exit code 2 or a crash, when others have all sockets for messages. */
const TAKEN = /binding notifier socket: Address already in use/;
/** A client has one for as long as it runs. */
const TAKEN_MS = 120_000;

/**
 * Runs a client on this machine, whatever its exit code. SWUpdate's socket for
 * messages has eleven names in a network namespace (@NotifyServer,
 * @NotifyServer1, ...), whatever TMPDIR is: of more clients at once the rest
 * give up, and are run again when others may have ended. A sandbox has a
 * namespace of its own.
 *
 * @throws ReleasePlanError `tool-missing`, `tool-stalled` also when all names stay taken, `interrupted`
 */
export async function runClient(command: string, args: readonly string[], options: RunOptions): Promise<RunResult> {
  for (const endMs = Date.now() + TAKEN_MS; Date.now() < endMs;) {
    const result = await untilItAnswers(
      async () => await run(command, args, { ...options, okCodes: ANY_EXIT_CODE }),
    ).catch((error: unknown) => {
      if (!(error instanceof ReleasePlanError) || !TAKEN.test(error.message)) throw error;
      return undefined;
    });
    if (result !== undefined && !TAKEN.test(result.stderr)) return result;
    // Not all at the same moment again.
    const { signal } = options;
    await sleep(50 + Math.random() * 450, undefined, signal === undefined ? {} : { signal });
  }
  throw new ReleasePlanError(
    'tool-stalled',
    `${command}: other swupdates of this machine have had all sockets @NotifyServer for ${TAKEN_MS / 1000} s`,
  );
}

/**
 * Puts a package where a client of this machine finds it. One that may be older than 2024.12 gets a padded copy of a
 * small package, since it may end with exit code 1 after a success otherwise; Debian 12's does not tell its version,
 * so that those which certainly are newer are told by what they take.
 *
 * @param place puts it there as it is
 * @returns what was done to it, behind the words of a proof; empty when nothing
 * @throws ReleasePlanError `swu-damaged`; system errors
 */
export async function placeForClient(
  client: Client,
  swu: string,
  to: string,
  place: (from: string, to: string) => Promise<void>,
): Promise<string> {
  if (client.takesProvider || !(await tripsOldClients(swu))) {
    await place(swu, to);
    return '';
  }
  await copyFile(swu, to);
  await addPadding(to);
  return '; padded for the proof, since this swupdate may be older than 2024.12';
}
