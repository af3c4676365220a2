/** Signals that end work, for as many listeners as there are. */
import { setMaxListeners } from 'node:events';

/** Every child and every request listens: beyond ten Node would warn of a leak on the user's terminal. */
export function manyListeners(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

/** Fires when the first of them does. */
export const firstOf = (...signals: AbortSignal[]): AbortSignal => manyListeners(AbortSignal.any(signals));
