import { cron } from './cron.ts';
import { github } from './github.ts';
import { gitlab } from './gitlab.ts';
import type { Scheduler } from './schedule.ts';
import { systemd } from './systemd.ts';

/** Every scheduler, in the order of `schedule --help`. */
export const schedulers: readonly Scheduler[] = [systemd, cron, gitlab, github];
