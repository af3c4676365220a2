import { ReleasePlanError } from '../core/errors.ts';
import type { DestinationSettings, FleetAttributes, FleetServer, Plan } from '../core/plan.ts';
import type { Wire } from '../core/rollout.ts';
import { promotionBlockers } from '../delivery/fleet/guard.ts';
import type { Blocker } from '../delivery/fleet/promotion.ts';
import { fleetView } from '../delivery/fleet/view.ts';
import type { Host } from '../delivery/host.ts';
import { deliveryOf } from '../delivery/index.ts';
import { readInputs, requireFleet } from '../delivery/inputs.ts';
import { distinct } from '../fleet/running.ts';
import { serverRows } from '../fleet/servers/open.ts';
import { hawkbitClient } from '../publish/hawkbit.ts';
import { optionalPath, optionalText, requiredText, secretSource } from '../publish/options.ts';
import { HawkbitRollouts, type RolloutSettings } from '../publish/rollout/hawkbit.ts';
import type { RolloutStatus } from '../publish/rollout/progress.ts';
import { wireOf } from '../publish/rollout/standing.ts';
import { baseOfSeries, seriesPrefix } from '../publish/package.ts';
import { rolloutName, rolloutsOf, type ServerRollout } from '../publish/rollout/server-rollouts.ts';
import { stillOnFilters } from '../publish/rollout/filter.ts';
import { planRollout, type RolloutPlan } from '../publish/rollout/plan.ts';
import { standingFacts } from './rollout-standing.ts';

/** Devices of a group that are looked at after they failed; more would not fit into a filter. */
const MAX_REFUSED = 200;

export interface RolloutRequest {
  version: string;
  tag: string;
  /** Name of the hawkBit destination; the only one of the plan when undefined. */
  to?: string | undefined;
}

/** A rollout as it is planned. */
export interface PlannedRollout {
  plan: RolloutPlan;
  /** The destination. */
  destination: string;
  /** Deltas that devices on the tag require and that are missing or unproven. */
  blockers: Blocker[];
  /** Packages of the version that do not go out, in words. */
  unproven: string[];
}

/** How far a rollout is. */
export interface RolloutProgress {
  rollouts: Array<RolloutStatus & { wire: Wire | undefined }>;
  /** Names of devices that failed, some of them, by rollout. */
  failed: ReadonlyMap<string, string[]>;
}

/** One version for the devices on one tag, by one hawkBit server. */
export class Rollout {
  readonly #plan: Plan;
  readonly #request: RolloutRequest;
  readonly #host: Host;
  readonly #settings: DestinationSettings;

  /** @throws ReleasePlanError `publish-nowhere`, `publish-unknown` when it cannot be told which server is meant */
  constructor(plan: Plan, request: RolloutRequest, host: Host) {
    this.#plan = plan;
    this.#request = request;
    this.#host = host;
    this.#settings = hawkbitOf(plan, request.to);
  }

  /**
   * Decides who gets which package. Devices that refused a delta before get the full package.
   *
   * @throws ReleasePlanError `fleet-missing`, `fleet-*`, `tag-unknown`, `target-unknown`
   */
  async planned(): Promise<PlannedRollout> {
    const { version, tag } = this.#request;
    const delivery = deliveryOf(this.#plan);
    const inputs = await readInputs(this.#plan, { ...this.#host, runsCommands: true });
    const fleet = await requireFleet(inputs);
    if (!fleet.tags.includes(tag))
      throw new ReleasePlanError('tag-unknown', `no device follows the tag ${JSON.stringify(tag)}`, {
        hint: `The fleet has: ${fleet.tags.join(', ')}.`,
      });
    const view = await fleetView(inputs, delivery.format);
    const targets = view.registry.targets.filter((one) => one.version === version);
    const changes = targets.map((target) => ({ target, before: [], after: [tag] }));
    // Packages have no cautions; those are of commits.
    const { blockers } = await promotionBlockers(view, changes, delivery.deltas, inputs, this.#host.signal);
    const publication = delivery.publication(await delivery.survey(inputs, this.#host));
    if (publication.kind !== 'packages')
      throw new ReleasePlanError('publish-refused', 'hawkBit rolls out packages, not commits');
    const plan = planRollout({
      version,
      tag,
      hardware: this.#plan.machine,
      saysHardware: this.#attributes.hardware !== undefined,
      groups: fleet.groups,
      refused: await this.#refused(),
      packages: publication.packages.filter((one) => one.version === version),
    });
    const unproven = publication.unproven.map(({ subject, reason }) => `${subject}: ${reason}`);
    return { plan, destination: this.#settings.name, blockers, unproven };
  }

  /**
   * Makes and starts the server's rollouts of a plan.
   *
   * @returns names of those that were started now
   * @throws ReleasePlanError `rollout-*`, `server-*`
   */
  async start({ plan }: PlannedRollout): Promise<string[]> {
    const server = await this.#server();
    const rollouts = await server.count(plan, await this.#rolloutsOf(plan));
    return await server.start(rollouts, this.#groups, this.#host.signal);
  }

  /** @returns names of those that were running. @throws ReleasePlanError `rollout-unknown`, `server-*` */
  async pause(): Promise<string[]> {
    const { rollouts } = await this.status();
    return await (await this.#server()).pause(rollouts);
  }

  /** @returns names of those that were paused. @throws ReleasePlanError `rollout-unknown`, `server-*` */
  async resume(): Promise<string[]> {
    const { rollouts } = await this.status();
    return await (await this.#server()).resume(rollouts);
  }

  /** @throws ReleasePlanError `rollout-unknown`, `server-*` */
  async status(): Promise<RolloutProgress> {
    const { version, tag } = this.#request;
    const server = await this.#server();
    const rollouts = await this.#known(server);
    if (rollouts.length === 0)
      throw new ReleasePlanError(
        'rollout-unknown',
        `destination ${this.#settings.name} has no rollout of ${version} for ${tag}`,
      );
    const failed = new Map<string, string[]>();
    for (const one of rollouts) if (one.failed > 0) failed.set(one.name, await server.failedDevices(one.id));
    const facts = await standingFacts(this.#plan, this.#settings.name);
    return { rollouts: rollouts.map((one) => ({ ...one, wire: wireOf(one, facts) })), failed };
  }

  /** The server's rollouts of the version for the tag. */
  async #known(server: HawkbitRollouts): Promise<RolloutStatus[]> {
    const { version, tag } = this.#request;
    return await server.status(seriesPrefix(this.#plan), (name) => {
      const said = rolloutName(name);
      return said.version === version && said.tag === tag;
    });
  }

  /**
   * Devices that failed with a delta and still run its base, by base version. Once they are given the full package
   * the server does not call them failed any more; its rollouts for them tell.
   */
  async #refused(): Promise<Map<string, string[]>> {
    const server = await this.#server();
    const failed = new Map<string, string[]>();
    const known = await this.#known(server);
    const bases = new Set<string>();
    for (const one of known) {
      const base = baseOfSeries(rolloutName(one.name).series, this.#plan);
      if (base === undefined) continue;
      bases.add(base);
      if (one.failed === 0) continue;
      failed.set(base, [...(failed.get(base) ?? []), ...(await server.failedDevices(one.id, MAX_REFUSED))]);
    }
    for (const one of known) {
      if (!rolloutName(one.name).isOfRefused) continue;
      const names = await server.devicesOf(one.id);
      for (const base of bases) failed.set(base, [...(failed.get(base) ?? []), ...names]);
    }
    const refused = new Map<string, string[]>();
    const { tag } = this.#request;
    for (const [base, names] of failed) {
      const filters = stillOnFilters(base, { tag, hardware: this.#plan.machine }, this.#attributes, distinct(names));
      const found: string[] = [];
      for (const filter of filters) found.push(...(await server.matching(filter)));
      if (found.length > 0) refused.set(base, found);
    }
    return refused;
  }

  async #rolloutsOf(plan: RolloutPlan): Promise<Omit<ServerRollout, 'devices'>[]> {
    const needsNames = plan.parts.some(({ versionless }) => versionless > 0);
    return rolloutsOf(plan, this.#attributes, needsNames ? await this.#versionless() : []);
  }

  /** Names of the server's devices on the tag that say no version. */
  async #versionless(): Promise<string[]> {
    const { hardware } = this.#attributes;
    const names: string[] = [];
    for await (const row of serverRows(this.#fleetServer, this.#host)) {
      const isOurs = hardware === undefined || row['hardware-id'] === this.#plan.machine;
      if (row.tag === this.#request.tag && isOurs && (row.version ?? '') === '') names.push(String(row.name));
    }
    return names;
  }

  async #server(): Promise<HawkbitRollouts> {
    const { env, signal, report } = this.#host;
    return new HawkbitRollouts(await hawkbitClient(this.#settings, { env, planDir: this.#plan.dir, signal, report }));
  }

  get #attributes(): FleetAttributes {
    const tag = optionalText(this.#settings, 'tag_attribute');
    const hardware = optionalText(this.#settings, 'hardware_attribute');
    return {
      version: optionalText(this.#settings, 'version_attribute') ?? 'version',
      ...(tag === undefined ? {} : { tag }),
      ...(hardware === undefined ? {} : { hardware }),
    };
  }

  get #groups(): RolloutSettings {
    const given = this.#settings.options.rollout;
    const rollout = (given ?? {}) as { groups?: number; success?: string; error?: string };
    return {
      groups: rollout.groups ?? 5,
      successPercent: Number.parseInt(rollout.success ?? '95%', 10),
      errorPercent: Number.parseInt(rollout.error ?? '5%', 10),
    };
  }

  /** The destination, as a source of the fleet. */
  get #fleetServer(): FleetServer {
    const password = secretSource(this.#settings, 'password', { planDir: this.#plan.dir });
    const caFile = optionalPath(this.#settings, 'ca', { planDir: this.#plan.dir });
    const { fleet } = this.#plan;
    return {
      kind: 'hawkbit',
      url: requiredText(this.#settings, 'url'),
      user: requiredText(this.#settings, 'user'),
      attributes: this.#attributes,
      tag: fleet !== undefined && 'server' in fleet ? fleet.server.tag : this.#request.tag,
      timeLimitMs: fleet !== undefined && 'server' in fleet ? fleet.server.timeLimitMs : 3_600_000,
      ...(password === undefined ? {} : { password }),
      ...(caFile === undefined ? {} : { caFile }),
    };
  }
}

/** @throws ReleasePlanError `publish-nowhere`, `publish-unknown` */
function hawkbitOf(plan: Plan, name: string | undefined): DestinationSettings {
  const servers = plan.publish.filter(({ kind }) => kind === 'hawkbit');
  const [only] = servers;
  if (only === undefined)
    throw new ReleasePlanError('publish-nowhere', `${plan.file} names no hawkBit server, which alone rolls out`);
  if (name === undefined && servers.length === 1) return only;
  const found = servers.find((one) => one.name === name);
  if (found !== undefined) return found;
  const known = servers.map((one) => one.name).join(', ');
  throw new ReleasePlanError(
    'publish-unknown',
    name === undefined
      ? 'the plan has several hawkBit servers'
      : `the plan has no hawkBit server ${JSON.stringify(name)}`,
    { hint: `Use --to with one of: ${known}.` },
  );
}
