/**
 * gooseBit: the full package of a version. It keeps one package for a version and a hardware, and chooses by no base,
 * so deltas cannot stand beside it.
 *
 * @see gooseBit 0.2.12, goosebit/updates/__init__.py (`_is_software_colliding`)
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ReleasePlanError } from '../core/errors.ts';
import { GOOSEBIT_API, goosebitClient } from '../fleet/servers/goosebit-api.ts';
import { serverUrl } from '../io/http/address.ts';
import type { HttpClient } from '../io/http/client.ts';
import { fileForm } from '../io/http/form.ts';
import { numberIn, objectOf, objectsOf, textIn, type JsonObject } from '../io/http/shape.ts';
import { readSecret } from '../io/secret.ts';
import type { Destination, DestinationKind, Presence } from './destination.ts';
import type { DestinationSettings } from '../core/plan.ts';
import { optionalPath, requiredText, secretSource } from './options.ts';
import { titleOf, type ReleasePackage } from './package.ts';

/** `kind: goosebit`. */
export const goosebit: DestinationKind = {
  kind: 'goosebit',
  async open(settings, host) {
    const what = `destination ${settings.name}`;
    const source = secretSource(settings, 'password', host);
    const caFile = optionalPath(settings, 'ca', host);
    const client = goosebitClient(
      {
        what,
        base: serverUrl(requiredText(settings, 'url'), what),
        signal: host.signal,
        report: host.report,
        ...(caFile === undefined ? {} : { caFile }),
      },
      {
        user: requiredText(settings, 'user'),
        password: source === undefined ? '' : await readSecret(source, what, host.env),
      },
    );
    return new GoosebitDestination(settings, client);
  },
};

const SOFTWARE = `${GOOSEBIT_API}/software`;

class GoosebitDestination implements Destination {
  readonly name: string;
  readonly kind = 'goosebit';
  readonly address: string;
  readonly #client: HttpClient;

  constructor(settings: DestinationSettings, client: HttpClient) {
    this.name = settings.name;
    this.address = requiredText(settings, 'url');
    this.#client = client;
  }

  async inspect(one: ReleasePackage): Promise<Presence> {
    if (one.base !== undefined)
      return { state: 'unsuited', detail: 'gooseBit keeps one package for a version and a hardware: the full one' };
    const found = await this.#find(one);
    if (found === undefined) return { state: 'missing' };
    const id = numberIn(found, 'id', this.#client.what);
    // gooseBit says SHA-1 alone, since its clients ask for that.
    const sha1 = await sha1Of(one.path);
    return found.hash === sha1 && found.size === one.sizeBytes
      ? { state: 'present', place: `software ${id}` }
      : {
          state: 'differs',
          detail: `software ${id} (${textIn(found, 'name')}) has sha1 ${textIn(found, 'hash')}, the package ${sha1}`,
        };
  }

  async send(one: ReleasePackage, onBytes: (bytes: number) => void): Promise<string> {
    return await this.#client.retrying(async () => {
      const before = await this.inspect(one);
      if (before.state === 'differs')
        throw new ReleasePlanError('publish-differs', `${titleOf(one)}: ${before.detail}`);
      if (before.state === 'unsuited')
        throw new ReleasePlanError('publish-refused', `${titleOf(one)}: ${before.detail}`);
      if (before.state === 'present') {
        onBytes(one.sizeBytes);
        return before.place;
      }
      const { body, contentType } = fileForm('file', { path: one.path, name: one.fileName, sizeBytes: one.sizeBytes });
      const headers = { 'content-type': contentType };
      const answer = await this.#client.once({
        method: 'PUT',
        path: SOFTWARE,
        headers,
        body,
        onBytes,
        also: [409, 422],
      });
      if (answer.status === 422)
        throw new ReleasePlanError('publish-refused', `${titleOf(one)}: gooseBit cannot read this package`, {
          hint: 'It reads version and hardware out of the sw-description: an encrypted one is closed to it.',
        });
      if (answer.status === 409)
        throw new ReleasePlanError(
          'publish-differs',
          `${titleOf(one)}: gooseBit has another package for this version and hardware`,
        );
      const after = await this.inspect(one);
      if (after.state === 'present') return after.place;
      const detail = 'detail' in after ? after.detail : 'it is not listed';
      throw new ReleasePlanError('publish-damaged', `${titleOf(one)} was sent, but ${detail}`);
    });
  }

  /** Devices are offered what a rollout gives them. */
  async announce(): Promise<void> {}

  /** The package, or else what stands in its place: the same version for one of its hardwares. */
  async #find(one: ReleasePackage): Promise<JsonObject | undefined> {
    const { what } = this.#client;
    const answer = objectOf(await this.#client.json({ method: 'GET', path: SOFTWARE }), what);
    const all = objectsOf(answer.software, what);
    const sha1 = await sha1Of(one.path);
    return all.find(({ hash }) => hash === sha1) ?? all.find((software) => standsFor(software, one, what));
  }
}

/** A package without a board in its sw-description is of the model `default` to gooseBit. */
function standsFor(software: JsonObject, one: ReleasePackage, what: string): boolean {
  if (software.version !== one.version) return false;
  return objectsOf(software.compatibility, what).some(
    (each) =>
      one.hardware.includes(textIn(each, 'revision')) && ['default', one.machine].includes(textIn(each, 'model')),
  );
}

async function sha1Of(path: string): Promise<string> {
  const hash = createHash('sha1');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
