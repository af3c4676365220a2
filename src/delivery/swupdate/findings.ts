import { stat } from 'node:fs/promises';
import { productDir, updateDir } from '../../archive/layout.ts';
import { readUpdate, type ReadOptions } from '../../archive/manifest.ts';
import { surveyArchive } from '../../archive/survey.ts';
import { manifestOf, type ArchiveState } from '../../core/archive.ts';
import { errnoOf } from '../../core/errors.ts';
import { pairText, type Pair } from '../../core/pair.ts';
import type { Plan } from '../../core/plan.ts';
import type { Finding, Pointer } from '../../plan/finding.ts';
import { checkPair } from '../../report/pair.ts';
import type { Delivery } from '../delivery.ts';
import { fleetFindings, usesOf, type Uses } from '../fleet/uses.ts';
import { withoutFleet, type Inputs } from '../inputs.ts';
import { requiredUpdates } from './fleet-pairs.ts';
import { imageKindFindings } from './image-kinds.ts';
import type { SwupdateSnapshot } from './snapshot.ts';

/**
 * What keeps a plan from coming true with the archive as it is: bases that are
 * not there, files that were altered, deltas between versions that do not fit.
 * Reads what the plan refers to, as it is told; changes nothing.
 */
export const findings: Delivery<SwupdateSnapshot>['findings'] = async (inputs, options) => {
  const { plan } = inputs;
  const uses = await usesOf(inputs);
  const fleet = await fleetFindings(inputs, uses);
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
  const wanted = await wantedOf(inputs, uses);
  const state = await surveyArchive(
    plan,
    {
      versions: [
        ...new Set([...plan.versions.map((one) => one.version), ...wanted.flatMap(({ from, to }) => [from, to])]),
      ],
      pairs: [],
      fulls: [],
    },
    options,
  );
  return [
    ...versionFindings(plan, state),
    ...sizeFindings(plan, state),
    ...(await imageKindFindings(plan, state)),
    ...baseFindings(wanted, state, uses),
    ...(await pairFindings(plan, wanted, state, options)),
    ...fleet,
  ];
};

interface Wanted extends Pair {
  /** Where the plan wants it. */
  at: Pointer;
}

/** Every delta that apply would require, by the fleet where it can be read, with its place in the plan. */
async function wantedOf(inputs: Inputs, uses: Uses): Promise<Wanted[]> {
  const { pairs } = await requiredUpdates('unknown' in uses ? withoutFleet(inputs) : inputs);
  return pairs.map(({ from, to }) => ({ from, to, at: pointerOf(inputs.plan, from, to) }));
}

/** The first rule that can have wanted a pair; of a list, the very version. */
function pointerOf(plan: Plan, from: string, to: string): Pointer {
  const index = plan.deltas.findIndex(
    (rule) => rule.to === to && (rule.from.kind !== 'list' || rule.from.versions.includes(from)),
  );
  const sources = plan.deltas[index]?.from;
  return ['deltas', index, 'from', ...(sources?.kind === 'list' ? [sources.versions.indexOf(from)] : [])];
}

/** Versions that were archived and are no longer what they were, as far as that can be told. */
function versionFindings(plan: Plan, state: ArchiveState): Finding[] {
  return plan.versions.flatMap(({ version }, index): Finding[] => {
    const entry = state.versions.get(version);
    const at = ['versions', index, 'version'];
    if (entry?.state === 'damaged')
      return [
        { code: 'archive-damaged', at, message: `${version} is damaged in the archive: ${entry.problems.join('; ')}` },
      ];
    return entry?.state === 'unreadable'
      ? [
          {
            code: 'archive-unreadable',
            at,
            message: `${version} cannot be read in the archive: ${entry.problems.join('; ')}`,
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
      const image = manifestOf(state.versions.get(version))?.files.find(
        (file) => file.role === 'image' && file.partition === name,
      );
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
    const [base, target] = [manifestOf(state.versions.get(from)), manifestOf(state.versions.get(to))];
    if (base === undefined || target === undefined) continue;
    const failed = checkPair(base, target).filter((row) => row.result === 'fail');
    if (failed.length > 0) {
      findings.push({
        code: 'pair-inconsistent',
        at,
        message: `no delta ${pairText({ from, to })} can be made: ${failed.map((row) => row.detail).join('; ')}`,
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
        message: `the update ${pairText({ from, to })} is damaged in the archive: ${update.problems.join('; ')}`,
      });
    if (update.state === 'unreadable')
      findings.push({
        code: 'archive-unreadable',
        at,
        message: `the update ${pairText({ from, to })} cannot be read in the archive: ${update.problems.join('; ')}`,
      });
  }
  return findings;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return false;
    throw error;
  }
}
