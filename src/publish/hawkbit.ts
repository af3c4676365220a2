/**
 * hawkBit: one software module and one distribution set for each package, since SWUpdate's client installs every .swu
 * of a module.
 *
 * @see https://eclipse.dev/hawkbit/apis/management_api/
 */
import { ReleasePlanError } from '../core/errors.ts';
import { HAWKBIT_API, hawkbitNamed } from '../fleet/servers/hawkbit-api.ts';
import { serverUrl } from '../io/http/address.ts';
import { HttpClient, jsonOf } from '../io/http/client.ts';
import { fileForm } from '../io/http/form.ts';
import { numberIn, objectOf, objectsOf, textIn, type JsonObject } from '../io/http/shape.ts';
import { readSecret } from '../io/secret.ts';
import type { Destination, DestinationHost, DestinationKind, Presence } from './destination.ts';
import type { DestinationSettings } from '../core/plan.ts';
import { optionalPath, requiredText, secretSource } from './options.ts';
import { seriesOf, seriesPrefix, titleOf, type ReleasePackage, type SeriesOwner } from './package.ts';
import { readProgress, type RolloutStatus } from './rollout/progress.ts';

/** `kind: hawkbit`. */
export const hawkbit: DestinationKind = {
  kind: 'hawkbit',
  open: async (settings, host) => new HawkbitDestination(settings, await hawkbitClient(settings, host)),
};

/** Longest name and version that hawkBit takes. */
const MAX_NAME = 128;
const MAX_VERSION = 64;

/** The type of module and set that an operating system has; hawkBit creates it for every tenant. */
const OS = 'os';

/** Already there, made by somebody else in between. */
const CONFLICT = 409;

/**
 * A client of the Management API with the credentials of the plan.
 *
 * @throws ReleasePlanError `secret-*`, `server-address`, `server-insecure`
 */
export async function hawkbitClient(settings: DestinationSettings, host: DestinationHost): Promise<HttpClient> {
  const what = `destination ${settings.name}`;
  const user = requiredText(settings, 'user');
  const source = secretSource(settings, 'password', host);
  const password = source === undefined ? '' : await readSecret(source, what, host.env);
  const caFile = optionalPath(settings, 'ca', host);
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return new HttpClient({
    what,
    base: serverUrl(requiredText(settings, 'url'), what),
    signal: host.signal,
    report: host.report,
    authorize: async () => ({ authorization }),
    ...(caFile === undefined ? {} : { caFile }),
  });
}

class HawkbitDestination implements Destination {
  readonly name: string;
  readonly kind = 'hawkbit';
  readonly address: string;
  readonly #client: HttpClient;

  constructor(settings: DestinationSettings, client: HttpClient) {
    this.name = settings.name;
    this.address = requiredText(settings, 'url');
    this.#client = client;
  }

  async inspect(one: ReleasePackage): Promise<Presence> {
    checkNames(one);
    const module = await this.#find('softwaremodules', one);
    if (module === undefined) return { state: 'missing' };
    const moduleId = numberIn(module, 'id', this.#client.what);
    const artifacts = await this.#artifacts(moduleId);
    const [artifact] = artifacts;
    if (artifact === undefined) return { state: 'partial', detail: `module ${moduleId} has no artifact yet` };
    const problem = problemOf(artifacts, one);
    if (problem !== undefined) return { state: 'differs', detail: `module ${moduleId} ${problem}` };
    const set = await this.#find('distributionsets', one);
    if (set === undefined) return { state: 'partial', detail: `module ${moduleId} is whole but in no set yet` };
    const setId = numberIn(set, 'id', this.#client.what);
    const modules = await this.#modulesOf(setId);
    if (modules.length !== 1 || modules[0] !== moduleId)
      return { state: 'differs', detail: `set ${setId} has the modules ${modules.join(', ')}, not ${moduleId} alone` };
    return { state: 'present', place: placeOf(moduleId, setId) };
  }

  /** The set is made last: a device is offered sets alone. */
  async send(one: ReleasePackage, onBytes: (bytes: number) => void): Promise<string> {
    const found = await this.inspect(one);
    if (found.state === 'differs') throw new ReleasePlanError('publish-differs', `${titleOf(one)}: ${found.detail}`);
    if (found.state === 'present') {
      onBytes(one.sizeBytes);
      return found.place;
    }
    const moduleId = await this.#ensure('softwaremodules', one, {});
    await this.#ensureArtifact(moduleId, one, onBytes);
    const setId = await this.#ensure('distributionsets', one, { modules: [{ id: moduleId }] });
    const after = await this.inspect(one);
    if (after.state === 'present') return placeOf(moduleId, setId);
    const detail = 'detail' in after ? after.detail : 'nothing is there';
    throw new ReleasePlanError('publish-damaged', `${titleOf(one)} was sent, but ${detail}`);
  }

  /** Devices are offered what a rollout gives them. */
  async announce(): Promise<void> {}

  async rollouts(owner: SeriesOwner, isWanted: (name: string) => boolean): Promise<RolloutStatus[]> {
    return await readProgress(this.#client, seriesPrefix(owner), isWanted);
  }

  async #find(path: 'softwaremodules' | 'distributionsets', one: ReleasePackage): Promise<JsonObject | undefined> {
    return await hawkbitNamed(this.#client, `/${path}`, seriesOf(one), one.version);
  }

  /** The id of what has the package's name, made when nothing has. */
  async #ensure(path: 'softwaremodules' | 'distributionsets', one: ReleasePackage, more: object): Promise<number> {
    const { what } = this.#client;
    return await this.#client.retrying(async () => {
      const known = await this.#find(path, one);
      if (known !== undefined) return numberIn(known, 'id', what);
      const entity = { name: seriesOf(one), version: one.version, type: OS, description: describe(one), ...more };
      const answer = await this.#client.once({
        method: 'POST',
        path: `${HAWKBIT_API}/${path}`,
        headers: { 'content-type': 'application/json', 'accept': 'application/json' },
        body: Buffer.from(JSON.stringify([entity])),
        also: [CONFLICT],
      });
      const made = answer.status === CONFLICT ? await this.#find(path, one) : objectsOf(jsonOf(answer, what), what)[0];
      return numberIn(objectOf(made, what), 'id', what);
    });
  }

  async #ensureArtifact(moduleId: number, one: ReleasePackage, onBytes: (bytes: number) => void): Promise<void> {
    const path = `${HAWKBIT_API}/softwaremodules/${moduleId}/artifacts`;
    await this.#client.retrying(async () => {
      if ((await this.#artifacts(moduleId)).length > 0) return;
      const { body, contentType } = fileForm('file', { path: one.path, name: one.fileName, sizeBytes: one.sizeBytes });
      await this.#client.once({
        method: 'POST',
        path,
        // The server compares the digest, and keeps nothing when it differs.
        query: { filename: one.fileName, sha256sum: one.sha256 },
        headers: { 'content-type': contentType, 'accept': 'application/json' },
        body,
        onBytes,
        also: [CONFLICT],
      });
    });
  }

  async #artifacts(moduleId: number): Promise<JsonObject[]> {
    const path = `${HAWKBIT_API}/softwaremodules/${moduleId}/artifacts`;
    return objectsOf(await this.#client.json({ method: 'GET', path }), this.#client.what);
  }

  async #modulesOf(setId: number): Promise<number[]> {
    const path = `${HAWKBIT_API}/distributionsets/${setId}/assignedSM`;
    const answer = objectOf(await this.#client.json({ method: 'GET', path }), this.#client.what);
    return objectsOf(answer.content, this.#client.what).map((one) => numberIn(one, 'id', this.#client.what));
  }
}

const placeOf = (moduleId: number, setId: number): string => `software module ${moduleId}, distribution set ${setId}`;

const describe = (one: ReleasePackage): string => `${one.product} ${titleOf(one)}, sha256 ${one.sha256}`;

/** What is wrong with a module's artifacts: it must have the package, and nothing else that a device would install. */
function problemOf(artifacts: readonly JsonObject[], one: ReleasePackage): string | undefined {
  if (artifacts.length > 1) return `has ${artifacts.length} artifacts, and a device would install each of them`;
  const [artifact = {}] = artifacts;
  const name = textIn(artifact, 'providedFilename');
  const sha256 = textIn(objectOf(artifact.hashes ?? {}, 'hashes'), 'sha256');
  if (name === one.fileName && sha256 === one.sha256) return undefined;
  return `has ${name} with sha256 ${sha256 || 'unknown'}; the package of the archive has ${one.sha256}`;
}

/** @throws ReleasePlanError `publish-refused` */
function checkNames(one: ReleasePackage): void {
  const name = seriesOf(one);
  if (name.length <= MAX_NAME && one.version.length <= MAX_VERSION) return;
  throw new ReleasePlanError(
    'publish-refused',
    `hawkBit takes names up to ${MAX_NAME} and versions up to ${MAX_VERSION} characters; ${name} has ${name.length}, ` +
      `${one.version} has ${one.version.length}`,
  );
}
