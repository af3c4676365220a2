import type { Drive, Report, TaskOutcome } from '../../core/events.ts';
import { inSequence, takeTurns } from '../../core/turns.ts';
import { Blocks } from './blocks.ts';
import { sumInWords } from './frame.ts';

/** Tasks as plain lines, those of one task together, also when several run at once; behind several their sum. */
export function plainDrive(report: Report): Drive {
  return async (tasks, turns = inSequence(tasks.length)) => {
    const startedMs = performance.now();
    const states: Array<Pick<TaskOutcome, 'state'>> = [];
    const blocks = new Blocks(report);
    await takeTurns(turns, async (at) => {
      const task = tasks[at];
      if (task === undefined) throw new Error(`there is no task ${at}`);
      const id = String(at + 1);
      const { title } = task;
      const block = blocks.open(id, title);
      try {
        const { state, message } = await task.run((line) => block.say({ type: 'step-progress', id, message: line }));
        states.push({ state });
        if (state === 'skipped') block.say({ type: 'step-skipped', id, title, reason: message });
        else if (state === 'failed') block.say({ type: 'step-failed', id, title, message });
        else block.say({ type: 'step-done', id, message });
      } finally {
        block.close();
      }
    });
    if (tasks.length > 1) report({ type: 'note', message: sumInWords(states, performance.now() - startedMs) });
  };
}
