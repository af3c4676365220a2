/** A rollout plan on hawkBit: one rollout of the server for each filter of each part. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ReleasePlanError } from '../../core/errors.ts';
import { HAWKBIT_API, hawkbitNamed, hawkbitPage, hawkbitPages, quoted } from '../../fleet/servers/hawkbit-api.ts';
import { jsonOf, type HttpClient } from '../../io/http/client.ts';
import { numberIn, objectOf, textIn, type JsonObject } from '../../io/http/shape.ts';
import { seriesOf, titleOf } from '../package.ts';
import type { RolloutPart, RolloutPlan } from './plan.ts';
import { readProgress, type RolloutState, type RolloutStatus } from './progress.ts';
import type { ServerRollout } from './server-rollouts.ts';

/** How a server goes about a rollout. */
export interface RolloutSettings {
  /** Devices are updated in so many groups, one after the other. */
  groups: number;
  /** Percent of a group that must have succeeded before the next begins. */
  successPercent: number;
  /** Percent of a group that may fail before it pauses. */
  errorPercent: number;
}

/** A rollout in these states does nothing any more. */
const ENDED: ReadonlySet<string> = new Set(['finished', 'stopped', 'approval_denied', 'deleted']);
/** How long hawkBit may take to sort devices into groups. */
const READY_MS = 600_000;
const POLL_MS = 500;
/** Names of failed devices that are told. */
const NAMES_SHOWN = 20;

/** Calls for the rollouts of one server. */
export class HawkbitRollouts {
  readonly #client: HttpClient;

  constructor(client: HttpClient) {
    this.#client = client;
  }

  /**
   * Counts each part's devices on the server.
   *
   * @throws ReleasePlanError `rollout-devices` when the server counts others than the plan
   */
  async count(plan: RolloutPlan, rollouts: readonly Omit<ServerRollout, 'devices'>[]): Promise<ServerRollout[]> {
    const counted: ServerRollout[] = [];
    for (const one of rollouts) {
      const { total } = await hawkbitPage(this.#client, '/targets', { q: one.filter, limit: 1 });
      counted.push({ ...one, devices: total });
    }
    const problems = plan.parts.flatMap((part) => {
      const total = counted.filter((one) => one.part === part).reduce((sum, one) => sum + one.devices, 0);
      return total === part.devices
        ? []
        : [`${titleOf(part.package)} is planned for ${part.devices} devices, and the server counts ${total}`];
    });
    if (problems.length > 0) throw new ReleasePlanError('rollout-devices', problems.join('; '));
    return counted.filter(({ devices }) => devices > 0);
  }

  /**
   * Makes the rollouts that are not there yet, and starts them all once every one is ready with the devices of the
   * plan.
   *
   * @returns names of those that were started now
   * @throws ReleasePlanError `rollout-unpublished`, `rollout-changed`, `rollout-devices`
   */
  async start(rollouts: readonly ServerRollout[], settings: RolloutSettings, signal: AbortSignal): Promise<string[]> {
    const sets = new Map<RolloutPart, number>();
    for (const { part } of rollouts) if (!sets.has(part)) sets.set(part, await this.#setOf(part));
    const made: Array<{ id: number; name: string }> = [];
    for (const one of rollouts)
      made.push({ id: await this.#ensure(one, sets.get(one.part) ?? 0, settings), name: one.name });
    for (const [index, { id }] of made.entries()) await this.#ready(id, rollouts[index]?.devices ?? 0, signal);
    const started: string[] = [];
    for (const { id, name } of made) if (await this.#act(id, 'start', ['ready'])) started.push(name);
    return started;
  }

  /** @returns names of those that were running */
  async pause(rollouts: readonly Pick<ServerRollout, 'name'>[]): Promise<string[]> {
    return await this.#actAll(rollouts, 'pause', ['running']);
  }

  /** @returns names of those that were paused */
  async resume(rollouts: readonly Pick<ServerRollout, 'name'>[]): Promise<string[]> {
    return await this.#actAll(rollouts, 'resume', ['paused']);
  }

  /** How far each rollout is whose name begins so; of those that are not wanted only the name is asked. */
  async status(prefix: string, isWanted?: (name: string) => boolean): Promise<RolloutStatus[]> {
    return await readProgress(this.#client, prefix, isWanted);
  }

  /** Names of all devices that a filter finds. */
  async matching(q: string): Promise<string[]> {
    const names: string[] = [];
    for await (const page of hawkbitPages(this.#client, '/targets', q))
      names.push(...page.map((target) => textIn(target, 'controllerId')));
    return names;
  }

  /** Names of devices of a rollout that failed. @param limit so many of each group */
  async failedDevices(rolloutId: number, limit = NAMES_SHOWN): Promise<string[]> {
    const groups = await hawkbitPage(this.#client, `/rollouts/${rolloutId}/deploygroups`, {});
    const names: string[] = [];
    for (const group of groups.content) {
      const id = numberIn(group, 'id', this.#client.what);
      const path = `/rollouts/${rolloutId}/deploygroups/${id}/targets`;
      const { content } = await hawkbitPage(this.#client, path, { q: 'updatestatus==error', limit });
      names.push(...content.map((target) => textIn(target, 'controllerId')));
    }
    return names.slice(0, limit);
  }

  /** Names of all devices of a rollout. */
  async devicesOf(rolloutId: number): Promise<string[]> {
    const names: string[] = [];
    for (const group of (await hawkbitPage(this.#client, `/rollouts/${rolloutId}/deploygroups`, {})).content) {
      const path = `/rollouts/${rolloutId}/deploygroups/${numberIn(group, 'id', this.#client.what)}/targets`;
      for await (const page of hawkbitPages(this.#client, path))
        names.push(...page.map((target) => textIn(target, 'controllerId')));
    }
    return names;
  }

  async #setOf({ package: one }: RolloutPart): Promise<number> {
    const set = await hawkbitNamed(this.#client, '/distributionsets', seriesOf(one), one.version);
    if (set === undefined)
      throw new ReleasePlanError('rollout-unpublished', `${titleOf(one)} is not on ${this.#client.what}`);
    return numberIn(set, 'id', this.#client.what);
  }

  /** The last of the rollouts of a name, and the name of the next: a finished one is not begun again. */
  async #latest(name: string): Promise<{ known: JsonObject | undefined; next: string }> {
    const { content } = await hawkbitPage(this.#client, '/rollouts', { q: `name==${quoted(`${name}*`)}` });
    const runs = content.flatMap((one) => {
      const said = textIn(one, 'name');
      if (said === name) return [{ run: 1, one }];
      const run = said.startsWith(`${name} #`) ? Number(said.slice(name.length + 2)) : Number.NaN;
      return Number.isInteger(run) ? [{ run, one }] : [];
    });
    const last = runs.toSorted((a, b) => b.run - a.run)[0];
    return { known: last?.one, next: last === undefined ? name : `${name} #${last.run + 1}` };
  }

  async #find(name: string): Promise<JsonObject | undefined> {
    const { content } = await hawkbitPage(this.#client, '/rollouts', { q: `name==${quoted(name)}`, limit: 5 });
    return content.find((one) => one.name === name);
  }

  async #ensure(one: ServerRollout, setId: number, settings: RolloutSettings): Promise<number> {
    const { what } = this.#client;
    return await this.#client.retrying(async () => {
      const { known, next } = await this.#latest(one.name);
      if (known !== undefined && !ENDED.has(textIn(known, 'status'))) {
        const id = numberIn(known, 'id', what);
        if (known.distributionSetId === setId && (await this.#covers(id, known, one))) return id;
        // Those that refused are named, and one that has its package already does not get it twice.
        if (known.distributionSetId === setId && one.part.refused.length > 0)
          return await this.#create(one, setId, settings, next);
        throw new ReleasePlanError('rollout-changed', `${what} has ${one.name} with other devices or another package`);
      }
      return await this.#create(one, setId, settings, next);
    });
  }

  /** Whether a rollout that is under way has every device of a part, which may have become fewer. */
  async #covers(id: number, known: JsonObject, one: ServerRollout): Promise<boolean> {
    if (known.targetFilterQuery === one.filter) return true;
    const there = new Set(await this.devicesOf(id));
    return (await this.matching(one.filter)).every((name) => there.has(name));
  }

  async #create(one: ServerRollout, setId: number, settings: RolloutSettings, name: string): Promise<number> {
    const { what } = this.#client;
    const answer = await this.#client.once({
      method: 'POST',
      path: `${HAWKBIT_API}/rollouts`,
      headers: { 'content-type': 'application/json', 'accept': 'application/json' },
      body: Buffer.from(JSON.stringify({ ...bodyOf(one, setId, settings), name })),
    });
    return numberIn(objectOf(jsonOf(answer, what), what), 'id', what);
  }

  async #ready(id: number, devices: number, signal: AbortSignal): Promise<void> {
    for (const endMs = Date.now() + READY_MS; ;) {
      const rollout = await this.#rollout(id);
      const total = numberIn(rollout, 'totalTargets', this.#client.what);
      if (rollout.status !== 'creating') {
        if (rollout.status !== 'ready' || total === devices) return;
        throw new ReleasePlanError(
          'rollout-devices',
          `${textIn(rollout, 'name')} is planned for ${devices} devices, and the server gave it ${total}`,
        );
      }
      if (Date.now() > endMs)
        throw new ReleasePlanError(
          'server-answer',
          `${this.#client.what} has not made ${textIn(rollout, 'name')} ready`,
        );
      await sleep(POLL_MS, undefined, { signal });
    }
  }

  async #actAll(
    rollouts: readonly Pick<ServerRollout, 'name'>[],
    verb: 'pause' | 'resume',
    from: readonly RolloutState[],
  ) {
    const names: string[] = [];
    for (const { name } of rollouts) {
      const known = await this.#find(name);
      if (known !== undefined && (await this.#act(numberIn(known, 'id', this.#client.what), verb, from)))
        names.push(name);
    }
    return names;
  }

  /** Tells a rollout to do something, if it is in a state where that means something. */
  async #act(id: number, verb: 'start' | 'pause' | 'resume', from: readonly string[]): Promise<boolean> {
    return await this.#client.retrying(async () => {
      const { status } = await this.#rollout(id);
      if (typeof status !== 'string' || !from.includes(status)) return false;
      await this.#client.once({ method: 'POST', path: `${HAWKBIT_API}/rollouts/${id}/${verb}` });
      return true;
    });
  }

  async #rollout(id: number): Promise<JsonObject> {
    return objectOf(
      await this.#client.json({ method: 'GET', path: `${HAWKBIT_API}/rollouts/${id}` }),
      this.#client.what,
    );
  }
}

/** @see https://eclipse.dev/hawkbit/rest-api/rollouts-api-guide.html */
const bodyOf = (one: ServerRollout, setId: number, settings: RolloutSettings): JsonObject => ({
  name: one.name,
  description: `${titleOf(one.part.package)}, ${one.devices} devices`,
  distributionSetId: setId,
  targetFilterQuery: one.filter,
  type: 'forced',
  // A group without devices would never succeed.
  amountGroups: Math.min(settings.groups, one.devices),
  successCondition: { condition: 'THRESHOLD', expression: String(settings.successPercent) },
  successAction: { action: 'NEXTGROUP', expression: '' },
  errorCondition: { condition: 'THRESHOLD', expression: String(settings.errorPercent) },
  errorAction: { action: 'PAUSE', expression: '' },
});
