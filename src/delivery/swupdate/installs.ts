/** The proof of a package by installing it; see swu/install.ts for what is tried. */
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Proof } from '../../core/archive.ts';
import { ReleasePlanError } from '../../core/errors.ts';
import type { Plan } from '../../core/plan.ts';
import { keyText, readAesKey } from '../../swu/aes.ts';
import { needsCodeSigningPurpose, readCertificates } from '../../swu/certificate.ts';
import { askClient, clientName } from '../../swu/client.ts';
import { foreignCode } from '../../swu/guard-files.ts';
import type { InspectedSwu } from '../../swu/inspect.ts';
import { proveByInstalling, type InstallRequest } from '../../swu/install.ts';
import { resolveKey, withPrivateFolder, type KeyContext } from '../../swu/keys.ts';
import { orNotInstalled } from '../engines/installed.ts';
import { installedPartitions, selectionsOf } from './expected.ts';
import type { Payloads, Traveller } from './payloads.ts';

export interface InstallProofRequest {
  plan: Plan;
  /** The package, and what was found in it. */
  swu: string;
  opened: InspectedSwu;
  payloads: Payloads;
  travellers: readonly Traveller[];
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

const CHECK = 'swupdate-installs';
const notChecked = (detail: string): Proof => ({ check: CHECK, result: 'not-checked', detail });

/**
 * Installs a package as each selection would.
 *
 * @throws ReleasePlanError `pair-inconsistent` when it does not install, or a guard lets something pass
 */
export async function proveInstall(request: InstallProofRequest): Promise<Proof> {
  const { plan, swu, payloads, travellers, opened, env, signal } = request;
  if (!plan.prove.install) return notChecked('left out by prove.install');
  const { signing } = plan;
  if (signing?.public === undefined) return notChecked('nothing says what devices trust (signing.public)');
  const revision = plan.swu.hardware.find((one) => !one.startsWith('#'));
  if (revision === undefined) return notChecked('swu.hardware names only patterns');
  const partitions = installedPartitions(plan, payloads, travellers);
  if (typeof partitions === 'string') return notChecked(partitions);
  const code = opened.description === undefined ? 'something unknown' : await foreignCode(opened.description);
  if (code !== undefined) return notChecked(`${code} would run on this machine`);
  if (plan.swu.encrypt?.description === true) return notChecked("Debian's swupdate takes no encrypted sw-description");
  return await orNotInstalled(CHECK, 'swupdate', async () => {
    const client = await askClient();
    const proof = await withPrivateFolder(async (folder) => {
      const { method, public: trusted = '' } = signing;
      return await proveByInstalling({
        client,
        swu,
        trust: { method, ...(await trustFile(trusted, { env, planDir: plan.dir }, folder)) },
        hardware: `${plan.swu.boards[0] ?? plan.machine}:${revision}`,
        ...(await aesFile(plan, env, folder)),
        selections: selectionsOf(plan, payloads.partitions),
        partitions,
        unchanged: unchangedOf(payloads, travellers),
        shared: [folder],
        isGuarded: plan.swu.guard !== 'none',
        signal,
      });
    });
    if (proof.result === 'fail')
      throw new ReleasePlanError('pair-inconsistent', `${basename(swu)}: ${clientName(client)}: ${proof.detail}`);
    return { check: CHECK, result: proof.result, detail: `${clientName(client)}: ${proof.detail}` };
  });
}

const unchangedOf = ({ unchanged }: Payloads, travellers: readonly Traveller[]): InstallRequest['unchanged'] & object =>
  unchanged.flatMap(({ name, device, image }) => {
    const found = travellers.find((one) => one.partition.name === name);
    return found === undefined ? [] : [{ device, ...image, path: found.image.path }];
  });

/** What devices trust, as a file of its own: it may come from the environment. */
async function trustFile(
  written: string,
  context: KeyContext,
  folder: string,
): Promise<{ keyFile: string; isCodeSigning: boolean }> {
  const source = resolveKey(written, context);
  const keyFile = join(folder, 'trusted.pem');
  if (source.kind === 'path') await copyFile(source.path, keyFile);
  else await writeFile(keyFile, source.kind === 'pem' ? source.text : '');
  const [certificate] = readCertificates(await readFile(keyFile, 'utf8'));
  return { keyFile, isCodeSigning: certificate !== undefined && needsCodeSigningPurpose(certificate) };
}

/** Written anew, in memory: it may come from the environment. */
async function aesFile({ swu, dir }: Plan, env: NodeJS.ProcessEnv, folder: string): Promise<{ aesKeyFile?: string }> {
  if (swu.encrypt === undefined) return {};
  const aesKeyFile = join(folder, 'aes');
  await writeFile(aesKeyFile, keyText(await readAesKey(swu.encrypt.key, { env, planDir: dir })), { mode: 0o600 });
  return { aesKeyFile };
}
