/**
 * Proof by SWUpdate itself, as Debian packages it. Where it is not installed
 * the proof says so; our own (update.ts) has passed by then.
 */
import { mkdtemp, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ReleasePlanError } from '../../core/errors.ts';
import type { RunResult } from '../../io/process.ts';
import { readRegular, readRegularText } from '../../io/regular.ts';
import { FEW_FILES_BYTES, requireNotFull, withSocketScratch } from '../../io/scratch.ts';
import { severalAtOnce } from '../../io/several.ts';
import type { Proof } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import { keyText, readAesKey } from '../../swu/aes.ts';
import { needsCodeSigningPurpose, readCertificates } from '../../swu/certificate.ts';
import { askClient, clientName, placeForClient, runClient, trustFlags } from '../../swu/client.ts';
import { resolveKey, withPrivateFolder } from '../../swu/keys.ts';
import { PADDING_BYTES } from '../../swu/pack.ts';
import { orNotInstalled } from '../engines/installed.ts';
import type { Idle } from '../host.ts';
import { selectionsOf } from './expected.ts';

export interface SwupdateRequest {
  plan: Plan;
  swu: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  idle?: Idle | undefined;
}

/**
 * Lets SWUpdate check a package (`swupdate -c`) as each board revision and
 * each selection of the plan would meet it: it parses the description,
 * verifies the signature and the hashes, and finds what to install.
 *
 * @throws ReleasePlanError `pair-inconsistent` with SWUpdate's own words when it refuses
 */
export async function proveWithSwupdate(request: SwupdateRequest): Promise<Proof> {
  const { plan } = request;
  const { signing, swu } = plan;
  const skipped = (detail: string): Proof => ({ check: 'swupdate-accepts', result: 'not-checked', detail });
  if (signing?.public === undefined) return skipped('nothing says what devices trust (signing.public)');
  if (swu.guard === 'lua') return skipped('guard: lua reads the base on the machine that parses the package');
  if (swu.encrypt?.description === true) return skipped("Debian's swupdate accepts no encrypted sw-description");
  // A revision may be a regular expression of the device, which no board can have.
  const revision = swu.hardware.find((one) => !one.startsWith('#'));
  if (revision === undefined) return skipped('swu.hardware contains only patterns');
  const { method, public: trusted } = signing;
  return await orNotInstalled('swupdate-accepts', 'swupdate', async () => {
    const client = await askClient();
    // Its sockets have moved to /run/swupdate, which only root can make; installing it shows the same.
    if (client.takesProvider) return skipped(`${clientName(client)} has its sockets in /run/swupdate`);
    const selections = selectionsOf(plan, plan.partitions).map(({ set, mode }) => `${set},${mode}`);
    const ways = selections.length === 0 ? [undefined] : selections;
    const needBytes = await bytesToCheck(request, ways.length);
    return await withSocketScratch('swupdate', needBytes, async (work) => {
      const key = await certificateFile(trusted, request, work);
      const trust = trustFlags(client, { method, key, isCodeSigning: await isForCode(key) });
      if (trust === undefined) return skipped("Debian's swupdate verifies only CMS signatures");
      const board = `${swu.boards[0] ?? plan.machine}:${revision}`;
      // Short, and without what swupdate might take for something else.
      const link = join(work, 'update.swu');
      const remark = await placeForClient(client, request.swu, link, symlink);
      await withPrivateFolder(async (secrets) => {
        const device = [...trust, '-H', board, ...(await aesFlags(request, secrets))];
        const checks = async (): Promise<void> =>
          void (await severalAtOnce(ways, CHECKS_AT_ONCE, async (selection) => {
            // Its sockets and what it unpacks lie in TMPDIR; two runs must not share one.
            const own = await mkdtemp(join(work, 's'));
            await check({ ...request, link, work, needBytes }, device, selection, own);
          }));
        await (request.idle === undefined ? checks() : request.idle(checks));
      });
      return {
        check: 'swupdate-accepts',
        result: 'pass',
        detail: `swupdate -c as ${board}${selections.length === 0 ? '' : `, ${selections.join(' and ')}`}${remark}`,
      };
    });
  });
}

/** A check sleeps for a second, whatever it finds. */
const CHECKS_AT_ONCE = 4;

/** In a check, too, swupdate stores every payload before it looks at its hash. */
const bytesToCheck = async ({ swu }: SwupdateRequest, checks: number): Promise<number> =>
  FEW_FILES_BYTES + PADDING_BYTES + Math.min(checks, CHECKS_AT_ONCE) * (await stat(swu)).size;

/** Linked, not named where it lies: swupdate cuts long paths off. */
async function certificateFile(written: string, { plan, env }: SwupdateRequest, work: string): Promise<string> {
  const source = resolveKey(written, { env, planDir: plan.dir });
  const path = join(work, 'trusted.pem');
  if (source.kind === 'path') await symlink(source.path, path);
  else await writeFile(path, source.kind === 'pem' ? source.text : await readRegular(written));
  return path;
}

/** A check decrypts, too. */
async function aesFlags({ plan, env }: SwupdateRequest, folder: string): Promise<string[]> {
  if (plan.swu.encrypt === undefined) return [];
  const path = join(folder, 'aes');
  const key = await readAesKey(plan.swu.encrypt.key, { env, planDir: plan.dir });
  await writeFile(path, keyText(key), { mode: 0o600 });
  return ['-K', path];
}

/** A device that trusts a certificate for signing code alone has to be told so. */
async function isForCode(certificate: string): Promise<boolean> {
  const [trusted] = readCertificates(await readRegularText(certificate));
  return trusted !== undefined && needsCodeSigningPurpose(trusted);
}

/** A check takes a second; a loaded machine and a slow disk may need more. */
const CHECK_MS = 60_000;
const CHECK_BYTES_PER_MS = 4 * 1024;

async function runSwupdate(args: readonly string[], { swu, signal }: SwupdateRequest, own: string): Promise<RunResult> {
  const timeoutMs = CHECK_MS + Math.ceil((await stat(swu)).size / CHECK_BYTES_PER_MS);
  const options = {
    diesWithUs: true,
    env: { TMPDIR: own },
    signal,
    timeoutMs,
  };
  return await runClient('swupdate', args, options);
}

/**
 * @param request with the folder of all checks, and what they store there
 * @param device what the device knows: the key that it trusts, its board and revision
 * @param own the folder of this one
 */
async function check(
  request: SwupdateRequest & { link: string; work: string; needBytes: number },
  device: readonly string[],
  selection: string | undefined,
  own: string,
): Promise<void> {
  const { swu, work, needBytes } = request;
  const args = ['-v', '-c', '-i', request.link, ...device, ...(selection === undefined ? [] : ['-e', selection])];
  const { exitCode, stdout, stderr } = await runSwupdate(args, request, own);
  if (exitCode === 0) return;
  await requireNotFull(work, needBytes, `${stdout}\n${stderr}`);
  const errors = `${stdout}\n${stderr}`.split('\n').filter((line) => line.includes('ERROR'));
  throw new ReleasePlanError(
    'pair-inconsistent',
    `${basename(swu)}: swupdate -c ${selection === undefined ? '' : `-e ${selection} `}rejects it: ` +
      `${errors.slice(0, 4).join('; ') || `exit code ${exitCode}`}`,
  );
}
