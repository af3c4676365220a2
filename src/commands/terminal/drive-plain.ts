import type { Drive, Report } from '../../core/events.ts';
import { inSequence, takeTurns } from '../../core/turns.ts';
import { Blocks } from './blocks.ts';

/** Tasks as plain lines; those of one task stand together, also when several run at once. */
export function plainDrive(report: Report): Drive {
  return async (tasks, turns = inSequence(tasks.length)) => {
    const blocks = new Blocks(report);
    await takeTurns(turns, async (at) => {
      const task = tasks[at];
      if (task === undefined) throw new Error(`there is no task ${at}`);
      const id = String(at + 1);
      const { title } = task;
      const block = blocks.open(id, title);
      try {
        const outcome = await task.run((message) => block.say({ type: 'step-progress', id, message }));
        if (outcome.state === 'skipped') block.say({ type: 'step-skipped', id, title, reason: outcome.message });
        else block.say({ type: outcome.state === 'done' ? 'step-done' : 'step-failed', id, message: outcome.message });
      } finally {
        block.close();
      }
    });
  };
}
