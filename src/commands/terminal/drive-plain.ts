import type { Drive, Report } from '../../core/events.ts';

/** Tasks as plain lines. */
export function plainDrive(report: Report): Drive {
  return async (tasks) => {
    for (const [index, task] of tasks.entries()) {
      const id = String(index + 1);
      report({ type: 'step-started', id, title: task.title });
      const outcome = await task.run((message) => report({ type: 'step-progress', id, message }));
      if (outcome.state === 'skipped') report({ type: 'step-skipped', id, title: task.title, reason: outcome.message });
      else report({ type: outcome.state === 'done' ? 'step-done' : 'step-failed', id, message: outcome.message });
    }
  };
}
