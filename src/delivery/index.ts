import type { Plan } from '../core/plan.ts';
import type { Delivery } from './delivery.ts';
import { ostree } from './ostree/index.ts';
import { swupdate } from './swupdate/index.ts';

/** The delivery system of a plan: the one place that asks which it is. */
export const deliveryOf = (plan: Plan): Delivery => (plan.ostree === undefined ? swupdate : ostree);
