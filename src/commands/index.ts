import { registerApply } from './apply.ts';
import { registerArchive } from './archive/index.ts';
import { registerBase } from './base.ts';
import { registerChanges } from './changes.ts';
import { registerCompletion } from './completion.ts';
import { registerDelta } from './delta/index.ts';
import { registerDoctor } from './doctor.ts';
import { registerExplain } from './explain.ts';
import { registerGc } from './gc.ts';
import type { RegisterCommand } from './host.ts';
import { registerInit } from './init.ts';
import { registerInspect } from './inspect.ts';
import { registerMake } from './make.ts';
import { registerPipeline } from './pipeline.ts';
import { registerPlan } from './plan.ts';
import { registerRebuild } from './rebuild.ts';
import { registerPublish } from './publish.ts';
import { registerRender } from './render.ts';
import { registerReport } from './report.ts';
import { registerRollout } from './rollout.ts';
import { registerSchedule } from './schedule.ts';
import { registerValidate } from './validate.ts';
import { registerTargets } from './targets/index.ts';
import { registerVerify } from './verify.ts';
import { registerWorker } from './worker.ts';

/** Every command, in the order of `release-plan --help`. */
export const commands: readonly RegisterCommand[] = [
  registerApply,
  registerPlan,
  registerValidate,
  registerRender,
  registerVerify,
  registerRebuild,
  registerGc,
  registerReport,
  registerChanges,
  registerArchive,
  registerPublish,
  registerRollout,
  registerTargets,
  registerDelta,
  registerBase,
  registerInspect,
  registerSchedule,
  registerWorker,
  registerPipeline,
  registerMake,
  registerInit,
  registerDoctor,
  registerExplain,
  registerCompletion,
];
