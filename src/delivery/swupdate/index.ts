import { HEADERS_ALONE } from '../../archive/manifest.ts';
import { requireReadable } from '../../archive/readable.ts';
import { surveyArchive } from '../../archive/survey.ts';
import { bytesOf } from '../../core/archive.ts';
import { PairMap, pairSet, pairText } from '../../core/pair.ts';
import type { Delivery } from '../delivery.ts';
import { engineNamed } from '../engines/index.ts';
import { decideSteps } from './decide.ts';
import { deltas } from './deltas.ts';
import { findings } from './findings.ts';
import { neededOf } from './needed.ts';
import { bytesToProve, prove } from './prove.ts';
import { publicationOf } from './publication.ts';
import { register } from './register.ts';
import { repairs } from './repair.ts';
import { rows } from './rows.ts';
import { handOut } from './hand-out.ts';
import { memoryBytes } from './memory.ts';
import { run, runsKas } from './run.ts';
import { signManifests } from './sign-manifests.ts';
import type { SwupdateSnapshot } from './snapshot.ts';
import { survey } from './survey.ts';
import { FORMAT } from './target.ts';

/** SWUpdate: partition images archived as files, deltas between them, signed packages. */
export const swupdate: Delivery<SwupdateSnapshot> = {
  format: FORMAT,
  versionsIn: 'plan',
  // With a store, the folder is a cache.
  kept: ({ artifacts, store }): Record<string, string> => (store === undefined ? { artifacts } : {}),
  survey,
  steps: ({ inputs, ...rest }) =>
    decideSteps(inputs.plan, { ...rest, engineVersion: (engine) => engineNamed(engine).version }),
  lane: (step) => (runsKas(step) ? 'build directory' : undefined),
  memoryBytes,
  run,
  register,
  findings,
  scope: ({ inputs: { plan }, pairs }) => ({ versions: plan.versions.map((one) => one.version), pairs: [...pairs] }),
  rows,
  async unneeded({ inputs, archive, pairs }) {
    const { requiredPairs, running } = await neededOf(inputs, archive);
    const required = new PairMap([...pairSet(pairs), ...requiredPairs]);
    const free = [...archive.updates].filter(([pair]) => !required.has(pair));
    return { deltas: free.map(([pair, entry]) => ({ pair: pairText(pair), sizeBytes: bytesOf(entry) })), running };
  },
  async retention(inputs, archived, reading) {
    const archive = await surveyArchive(inputs.plan, archived, { ...HEADERS_ALONE, ...reading });
    requireReadable(archive);
    const { running, ...facts } = await neededOf(inputs, archive);
    return { facts, archive, running };
  },
  publication(snapshot) {
    const failures = {
      versions: new Map<string, string>(),
      fulls: new Map<string, string>(),
      pairs: new PairMap<string>(),
    };
    const { checks } = swupdate.rows(snapshot, swupdate.scope(snapshot), failures);
    return publicationOf(snapshot, { steps: swupdate.steps(snapshot), checks });
  },
  prove,
  bytesToProve,
  repairs,
  signManifests,
  deltas,
  handOut,
};
