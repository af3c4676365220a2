import { stat } from 'node:fs/promises';
import { productDir, updateDir } from '../../archive/layout.ts';
import { takeInventory } from '../../archive/inventory.ts';
import { readUpdate, type ReadOptions } from '../../archive/manifest.ts';
import { surveyArchive } from '../../archive/survey.ts';
import { commitProblem, repositoryOf, requireRepository } from '../ostree/index.ts';
import { ReleasePlanError, errnoOf } from '../../core/errors.ts';
import { pairKey, type ArchiveState, type VersionManifest } from '../../core/archive.ts';
import type { Plan } from '../../core/plan.ts';
import type { Finding, Pointer } from '../../plan/finding.ts';
import { checkPair } from '../../report/pair.ts';
import { registryTargets, usesOf, withoutFleet, type Uses } from '../fleet/uses.ts';
import { pairsOfPlan } from './fleet-pairs.ts';
import { registryFile } from '../fleet/open.ts';

/**
 * What keeps a plan from coming true with the archive as it is: bases that are
 * not there, files that were altered, deltas between versions that do not fit.
 * Reads every byte of what the plan refers to; changes nothing.
 */
export async function archiveFindings(plan: Plan, options: ReadOptions = {}): Promise<Finding[]> {
  const uses = await usesOf(plan, options.signal);
  const fleet = await fleetFindings(plan, uses);
  if (plan.ostree !== undefined) return [...(await repositoryFindings(plan)), ...fleet];
  if (!(await isFolder(productDir(plan)))) {
    return [
      {
        code: 'archive-not-there',
        severity: 'warning',
        at: ['artifacts'],
        message: `no archive found at ${productDir(plan)}`,
      },
      ...fleet,
    ];
  }
  const wanted = await wantedOf(plan, uses, options.signal);
  const state = await surveyArchive(
    plan,
    {
      versions: [
        ...new Set([...plan.versions.map((one) => one.version), ...wanted.flatMap(({ from, to }) => [from, to])]),
      ],
      pairs: [],
    },
    options,
  );
  return [
    ...versionFindings(plan, state),
    ...sizeFindings(plan, state),
    ...baseFindings(wanted, state, uses),
    ...(await pairFindings(plan, wanted, state, options)),
    ...fleet,
  ];
}

interface Wanted {
  from: string;
  to: string;
  /** Where the plan wants it. */
  at: Pointer;
}

/** Every delta that apply would require, by the fleet where it can be read, with its place in the plan. */
async function wantedOf(plan: Plan, uses: Uses, signal?: AbortSignal): Promise<Wanted[]> {
  const { pairs } = await pairsOfPlan('unknown' in uses ? withoutFleet(plan) : plan, signal);
  return pairs.map(({ from, to }) => ({ from, to, at: placeOf(plan, from, to) }));
}

/** The first rule that can have wanted a pair; of a list, the very version. */
function placeOf(plan: Plan, from: string, to: string): Pointer {
  const index = plan.deltas.findIndex(
    (rule) => rule.to === to && (rule.from.kind !== 'list' || rule.from.versions.includes(from)),
  );
  const sources = plan.deltas[index]?.from;
  return ['deltas', index, 'from', ...(sources?.kind === 'list' ? [sources.versions.indexOf(from)] : [])];
}

/** Versions that were archived and are no longer what they were, as far as that can be told. */
function versionFindings(plan: Plan, state: ArchiveState): Finding[] {
  return plan.versions.flatMap(({ version }, index): Finding[] => {
    const held = state.versions.get(version);
    const at = ['versions', index, 'version'];
    if (held?.state === 'damaged')
      return [
        { code: 'archive-damaged', at, message: `${version} is damaged in the archive: ${held.problems.join('; ')}` },
      ];
    return held?.state === 'unreadable'
      ? [
          {
            code: 'archive-unreadable',
            at,
            message: `${version} cannot be read in the archive: ${held.problems.join('; ')}`,
          },
        ]
      : [];
  });
}

/** A base that is built anew need not be what devices run, bit for bit. */
function baseFindings(wanted: readonly Wanted[], state: ArchiveState, uses: Uses): Finding[] {
  const bases = new Map(wanted.map((one) => [one.from, one]));
  return [...bases.values()]
    .filter(({ from }) => state.versions.get(from)?.state === 'absent')
    .map(({ from, to, at }) => {
      const devices = 'unknown' in uses ? 0 : (uses.byVersion.get(from)?.devices ?? 0);
      const who = devices === 0 ? '' : `, and ${devices} ${devices === 1 ? 'device runs' : 'devices run'} it`;
      return {
        code: 'base-not-archived',
        severity: 'warning',
        at,
        message: `the base ${from} of the delta to ${to} is not in the archive${who}`,
      };
    });
}

/** Images that were archived and do not fit the slot that the plan gives them now. */
function sizeFindings(plan: Plan, state: ArchiveState): Finding[] {
  return plan.partitions.flatMap(({ name, slotSizeBytes }, index) =>
    plan.versions.flatMap(({ version }): Finding[] => {
      const image = manifestOf(state, version)?.files.find((file) => file.role === 'image' && file.partition === name);
      if (slotSizeBytes === undefined || image === undefined || image.sizeBytes <= slotSizeBytes) return [];
      return [
        {
          code: 'image-too-large',
          at: ['partitions', index, 'slot_size'],
          message: `${name} of the archived ${version} has ${image.sizeBytes} bytes, but its slot has ${slotSizeBytes}`,
        },
      ];
    }),
  );
}

async function pairFindings(
  plan: Plan,
  wanted: readonly Wanted[],
  state: ArchiveState,
  options: ReadOptions,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { from, to, at } of wanted) {
    const [base, target] = [manifestOf(state, from), manifestOf(state, to)];
    if (base === undefined || target === undefined) continue;
    const failed = checkPair(base, target).filter((row) => row.result === 'fail');
    if (failed.length > 0) {
      findings.push({
        code: 'pair-inconsistent',
        at,
        message: `no delta ${pairKey(from, to)} can be made: ${failed.map((row) => row.detail).join('; ')}`,
        hint: 'Remove the pair from the plan; devices on the base require the full image.',
      });
      continue;
    }
    const update = await readUpdate(updateDir(plan, from, to), from, to, options);
    if (update.state === 'damaged')
      findings.push({
        code: 'update-damaged',
        severity: 'warning',
        at,
        message: `the update ${pairKey(from, to)} is damaged in the archive: ${update.problems.join('; ')}`,
      });
    if (update.state === 'unreadable')
      findings.push({
        code: 'archive-unreadable',
        at,
        message: `the update ${pairKey(from, to)} cannot be read in the archive: ${update.problems.join('; ')}`,
      });
  }
  return findings;
}

/** Devices whose version nobody has: they take the full image. */
async function fleetFindings(plan: Plan, uses: Uses): Promise<Finding[]> {
  if (plan.fleet === undefined) return [];
  const at = ['fleet'];
  if ('unknown' in uses) return [{ code: uses.code, severity: 'warning', at, message: uses.unknown }];
  const known = new Set([
    ...plan.versions.map((one) => one.version),
    ...(await takeInventory(plan)).versions,
    ...(await registryTargets(plan)).map((one) => one.version),
  ]);
  return [...uses.byVersion]
    .filter(([version]) => !known.has(version))
    .map(([version, { devices, examples }]) => ({
      code: 'base-unknown',
      severity: 'warning',
      at,
      message:
        `${devices} ${devices === 1 ? 'device runs' : 'devices run'} ${version}, which is neither in the plan nor in ` +
        `the archive (${examples.join(', ')})`,
    }));
}

/** An OSTree product's archive is its repository: the commits of the planned versions are there, whole. */
async function repositoryFindings(plan: Plan): Promise<Finding[]> {
  if (plan.ostree === undefined) return [];
  const repo = repositoryOf(plan.ostree);
  try {
    await requireRepository(repo);
    const targets = await registryTargets(plan);
    return plan.versions.flatMap(({ version }, index): Finding[] => {
      const at = ['versions', index, 'version'];
      const named = targets.filter(
        (one) => one.format === 'OSTREE' && one.version === version && one.hardwareIds.includes(plan.machine),
      );
      if (named.length === 0)
        return [
          {
            code: 'target-unknown',
            severity: 'warning',
            at,
            message: `${registryFile(plan)} has no OSTree Target of version ${version} for ${plan.machine}`,
          },
        ];
      return named.flatMap((target) => {
        const problem = commitProblem(repo, target.sha256);
        return problem === undefined
          ? []
          : [{ code: 'ostree-commit-missing', at, message: `${target.name}: ${problem}` }];
      });
    });
  } catch (error) {
    if (!(error instanceof ReleasePlanError) || error.code === 'interrupted') throw error;
    const at = error.code.startsWith('targets') ? ['targets'] : ['ostree', 'repo'];
    return [
      { code: error.code, at, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) },
    ];
  }
}

function manifestOf(state: ArchiveState, version: string): VersionManifest | undefined {
  const held = state.versions.get(version);
  return held?.state === 'whole' ? held.manifest : undefined;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
