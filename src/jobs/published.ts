/** Where a product's archive keeps what is known of its destinations. */
import { join } from 'node:path';
import { productDir } from '../archive/layout.ts';
import type { Plan } from '../core/plan.ts';
import { RECORD_FILE } from '../publish/record.ts';
import { STANDING_FILE } from '../publish/rollout/standing.ts';

/** What was published of a plan's product. */
export const recordFile = (plan: Plan): string => join(productDir(plan), RECORD_FILE);

/** How its rollouts stood when they were last asked for. */
export const standingFile = (plan: Plan): string => join(productDir(plan), STANDING_FILE);
