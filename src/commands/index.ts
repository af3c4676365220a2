import { registerApply } from './apply.ts';
import { registerDelta } from './delta/index.ts';
import { registerDoctor } from './doctor.ts';
import type { RegisterCommand } from './host.ts';
import { registerPlan } from './plan.ts';
import { registerReport } from './report.ts';
import { registerVerify } from './verify.ts';

/** Every command, in the order of `release-plan --help`. */
export const commands: readonly RegisterCommand[] = [registerApply, registerPlan, registerVerify, registerReport, registerDelta, registerDoctor];
