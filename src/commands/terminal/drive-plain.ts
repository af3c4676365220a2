import type { Drive, Report } from '../../core/events.ts';
import { sumInWords } from './frame.ts';

/** Tasks as plain lines, and their sum behind several of them. */
export function plainDrive(report: Report): Drive {
  return async (tasks) => {
    const startedMs = performance.now();
    const states: Parameters<typeof sumInWords>[0][number][] = [];
    for (const [index, { title, run }] of tasks.entries()) {
      const id = String(index + 1);
      report({ type: 'step-started', id, title });
      const { state, message } = await run((line) => report({ type: 'step-progress', id, message: line }));
      states.push({ state });
      if (state === 'skipped') report({ type: 'step-skipped', id, title, reason: message });
      else if (state === 'failed') report({ type: 'step-failed', id, title, message });
      else report({ type: 'step-done', id, message });
    }
    if (tasks.length > 1) report({ type: 'note', message: sumInWords(states, performance.now() - startedMs) });
  };
}
