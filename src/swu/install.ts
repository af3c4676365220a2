/** Installing a package with a real SWUpdate, onto files in place of the devices. */
import { constants } from 'node:fs';
import { copyFile, open, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import type { SigningMethod } from '../core/plan.ts';
import { digestFile, type FileDigest } from '../io/hash.ts';
import { FEW_FILES_BYTES, requireNotFull, withScratch } from '../io/scratch.ts';
import { bytesToCopy } from '../io/space.ts';
import { clientErrors, clientName, placeForClient, trustFlags, untilItAnswers, type Client } from './client.ts';
import type { Selection } from './views.ts';
import { PADDING_BYTES } from './pack.ts';
import { isFree, makeSandbox, placeInside, runInside, whyNoSandbox, type Sandbox } from './sandbox.ts';

/** One partition as a device has it. */
export interface InstalledPartition {
  name: string;
  /** By selection: the path that is written, and for a delta the one that is read. */
  places: ReadonlyArray<{ device: string; base?: string }>;
  /** What must stand on the target afterwards. */
  image: FileDigest;
  /** The image that the base holds. */
  base?: FileDigest & { path: string };
  /** Whether the guard compares the size of the target: it is a device, and no file that grows. */
  hasSize: boolean;
}

/** A partition that the package expects to find, and leaves alone. */
export interface ExpectedPartition extends FileDigest {
  device: string;
  /** The image. */
  path: string;
}

export interface InstallRequest {
  client: Client;
  /** The package. */
  swu: string;
  /** What the device trusts: a certificate or public key, as a file, and what kind of signature. */
  trust: { keyFile: string; method: SigningMethod; isCodeSigning: boolean };
  /** `board:revision`. */
  hardware: string;
  /** Key file of `swupdate -K`; it lies in one of the {@link shared} folders, and is copied nowhere. */
  aesKeyFile?: string;
  /** Empty for devices that are given none. */
  selections: readonly Selection[];
  partitions: readonly InstalledPartition[];
  unchanged?: readonly ExpectedPartition[];
  /** Folders of this machine that the client needs, such as its libraries. */
  shared?: readonly string[];
  /** Whether the package has a guard, so that it must refuse. */
  isGuarded: boolean;
  /** For the device's files; TMPDIR unless given. */
  scratchIn?: string;
  signal?: AbortSignal;
}

/** What was tried, or why nothing could be. */
export type InstallProof =
  { result: 'pass'; detail: string } | { result: 'fail'; detail: string } | { result: 'not-checked'; detail: string };

/** A client that hangs is stopped; sizes count beside. */
const TIMEOUT_MS = 120_000;
const BYTES_PER_MS = 4 * 1024;

/**
 * Installs a package as each kind of device would: for every selection onto a
 * target full of rubbish, and compares what stands there bit for bit. Then,
 * where it has a guard, with one byte of the base changed and with a target
 * that is too small: it must be refused with the target untouched.
 *
 * @returns `not-checked` with the reason where this machine has no mount namespaces
 * @throws ReleasePlanError `tool-stalled`, `interrupted`, system errors
 */
export async function proveByInstalling(request: InstallRequest): Promise<InstallProof> {
  return await withScratch(
    'install',
    async (folder) => await bytesToInstall(request, folder),
    async (folder) => {
      const sandbox = await makeSandbox(folder, request.shared);
      const why = whyNot(request, sandbox) ?? (await whyNoSandbox(sandbox));
      if (why !== undefined) return { result: 'not-checked', detail: why };
      const device = await makeDevice(request, sandbox);
      const done: string[] = [];
      for (const index of request.selections.length === 0 ? [0] : request.selections.keys()) {
        const problem = (await installOnce(device, index)) ?? (await refusals(device, index));
        const { set, mode } = request.selections[index] ?? { set: '', mode: '' };
        const name = mode === '' ? 'without a selection' : `-e ${set},${mode}`;
        if (problem !== undefined) return { result: 'fail', detail: `${name}: ${problem}` };
        done.push(name);
      }
      return { result: 'pass', detail: `${done.join(' and ')}: bit for bit${refusalText(request)}${device.remark}` };
    },
    request.scratchIn,
  );
}

/** What the files of the device take at the most; swupdate stores a payload before it writes it. */
async function bytesToInstall({ swu, unchanged = [], partitions }: InstallRequest, folder: string): Promise<number> {
  let bytes = FEW_FILES_BYTES + PADDING_BYTES + (await stat(swu)).size + (await bytesToCopy(swu, folder));
  for (const { path } of unchanged) bytes += await bytesToCopy(path, folder);
  // The base of one selection is there while that of the next is copied.
  for (const { image, base } of partitions)
    bytes += image.sizeBytes + (base === undefined ? 0 : 2 * (await bytesToCopy(base.path, folder)));
  return bytes;
}

const refusalText = ({ isGuarded, partitions }: InstallRequest): string =>
  !isGuarded
    ? ''
    : `; refused with the target untouched: ${[
        ...(partitions.some((one) => one.base !== undefined) ? ['a base with one byte changed'] : []),
        ...(partitions.some((one) => one.hasSize) ? ['a target that is too small'] : []),
      ].join(', ')}`;

function whyNot({ client, trust, partitions, unchanged = [] }: InstallRequest, sandbox: Sandbox): string | undefined {
  if (trustFlags(client, { ...trust, key: KEY }) === undefined)
    return `${clientName(client)} here verifies only CMS signatures, not ${trust.method}`;
  const paths = [
    ...partitions.flatMap((one) => one.places.flatMap(({ device, base = device }) => [device, base])),
    ...unchanged.map((one) => one.device),
  ];
  const taken = paths.find((one) => !one.startsWith('/') || !isFree(one, sandbox));
  return taken === undefined ? undefined : `${taken} cannot be a file in place of a device`;
}

const PACKAGE = '/tmp/update.swu';
const KEY = '/tmp/trusted.pem';

/** The device: files inside, and the package. */
interface Device {
  request: InstallRequest;
  sandbox: Sandbox;
  /** What was done for the client; empty as a rule. */
  remark: string;
}

async function makeDevice(request: InstallRequest, sandbox: Sandbox): Promise<Device> {
  const inside = await placeInside(sandbox, PACKAGE);
  const remark = await placeForClient(
    request.client,
    request.swu,
    inside,
    async (from, to) => await copyFile(from, to, constants.COPYFILE_FICLONE),
  );
  for (const { path, device } of request.unchanged ?? [])
    await copyFile(path, await placeInside(sandbox, device), constants.COPYFILE_FICLONE);
  await copyFile(request.trust.keyFile, await placeInside(sandbox, KEY));
  return { request, sandbox, remark };
}

const RUBBISH = Buffer.from('neither the base nor the target ');

/** The right base, rubbish on the target: what the package is for. */
async function installOnce(device: Device, index: number): Promise<string | undefined> {
  await prepare(device, index);
  const { exitCode, said } = await install(device, index);
  if (exitCode !== 0) return `swupdate refuses it: ${said}`;
  for (const partition of device.request.partitions) {
    const place = partition.places[index] ?? partition.places[0];
    const problem = place && (await differs(await placeInside(device.sandbox, place.device), partition.image));
    if (problem !== undefined && problem !== '') return `${partition.name}: after the install ${problem}`;
  }
  return undefined;
}

async function differs(path: string, image: FileDigest): Promise<string> {
  const { size } = await stat(path);
  if (size < image.sizeBytes) return `the target has ${size} of ${image.sizeBytes} bytes`;
  // What stands behind the image on the device does not count.
  await truncate(path, image.sizeBytes);
  const { sha256 } = await digestFile(path);
  return sha256 === image.sha256 ? '' : `the target has sha256 ${sha256}, not ${image.sha256}`;
}

/** What a guard is for: each of these must be refused before anything is written. */
async function refusals(device: Device, index: number): Promise<string | undefined> {
  const { request } = device;
  if (!request.isGuarded) return undefined;
  const withBase = request.partitions.find((one) => one.base !== undefined);
  if (withBase !== undefined) {
    await prepare(device, index);
    const base = withBase.places[index]?.base ?? withBase.places[0]?.base ?? '';
    await flipByte(await placeInside(device.sandbox, base), Math.floor((withBase.base?.sizeBytes ?? 0) / 2));
    const problem = await mustRefuse(device, index, 'a base with one byte changed');
    if (problem !== undefined) return problem;
  }
  const first = request.partitions.find((one) => one.hasSize);
  const target = first?.places[index]?.device ?? first?.places[0]?.device;
  if (first === undefined || target === undefined || first.image.sizeBytes < 2) return undefined;
  await prepare(device, index);
  await truncate(await placeInside(device.sandbox, target), first.image.sizeBytes - 1);
  return await mustRefuse(device, index, 'a target that is too small');
}

async function mustRefuse(device: Device, index: number, what: string): Promise<string | undefined> {
  const targets = await targetPaths(device, index);
  const before = await Promise.all(targets.map((path) => digestFile(path)));
  const { exitCode } = await install(device, index);
  if (exitCode === 0) return `${what} is not refused`;
  const after = await Promise.all(targets.map((path) => digestFile(path)));
  const isTouched = before.some((one, at) => one.sha256 !== after[at]?.sha256);
  return isTouched ? `${what} is refused only after the target was written` : undefined;
}

const targetPaths = ({ request, sandbox }: Device, index: number): Promise<string[]> =>
  Promise.all(
    request.partitions.map((one) => placeInside(sandbox, (one.places[index] ?? one.places[0])?.device ?? '/tmp/none')),
  );

/** Base and rubbish, as before an update. */
async function prepare({ request, sandbox }: Device, index: number): Promise<void> {
  for (const partition of request.partitions) {
    const { device, base } = partition.places[index] ?? partition.places[0] ?? {};
    if (device === undefined) continue;
    const target = await placeInside(sandbox, device);
    await rm(target, { force: true });
    if (base !== undefined && partition.base !== undefined) {
      const copy = await placeInside(sandbox, base);
      await copyFile(partition.base.path, `${copy}.new`, constants.COPYFILE_FICLONE);
      await rename(`${copy}.new`, copy);
      await truncate(copy, Math.max(partition.image.sizeBytes, partition.base.sizeBytes));
    }
    if (base === device) continue;
    await writeFile(target, RUBBISH);
    await truncate(target, partition.image.sizeBytes);
  }
}

async function flipByte(path: string, at: number): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, at);
    byte.writeUInt8(byte.readUInt8() ^ 1);
    await handle.write(byte, 0, 1, at);
  } finally {
    await handle.close();
  }
}

async function install(device: Device, index: number): Promise<{ exitCode: number; said: string }> {
  const { request, sandbox } = device;
  const { client, trust, hardware, aesKeyFile, selections, signal, swu } = request;
  const selection = selections[index];
  const args = [
    '-v',
    '-i',
    PACKAGE,
    '-H',
    hardware,
    ...(trustFlags(client, { ...trust, key: KEY }) ?? []),
    ...(aesKeyFile === undefined ? [] : ['-K', aesKeyFile]),
    ...(selection === undefined ? [] : ['-e', `${selection.set},${selection.mode}`]),
  ];
  const bytes = (await stat(swu)).size + request.partitions.reduce((sum, one) => sum + one.image.sizeBytes, 0);
  const timeoutMs = TIMEOUT_MS + Math.ceil(bytes / BYTES_PER_MS);
  const ask = async (): Promise<{ exitCode: number; said: string }> => {
    const options = { timeoutMs, ...(signal ? { signal } : {}) };
    const { exitCode, stdout, stderr } = await runInside(sandbox, [...client.command, ...args], options);
    const said = `${stdout}\n${stderr}`;
    // Of a guard, too, a refusal is no proof when the disk was full.
    if (exitCode !== 0) await requireNotFull(sandbox.root, await bytesToInstall(request, sandbox.root), said);
    return { exitCode, said: clientErrors(said) || `exit code ${exitCode}` };
  };
  return await untilItAnswers(ask, async () => await prepare(device, index));
}
