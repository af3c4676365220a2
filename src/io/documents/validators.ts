/** The functions that check documents; the build puts what ajv writes for them in this file's place. */
import { compileDocuments } from './compile.ts';

export const {
  manifest,
  deltaInfo,
  fullInfo,
  state,
  report,
  run,
  published,
  rollouts,
  explained,
  changed,
  targets,
  proven,
  pending,
  staticDeltas,
  storeRef,
  storeSeen,
  storeRead,
} = compileDocuments().validators;
