/** Which of a list of tasks may run now: one after the other, or several at once. */
export interface Turns {
  /** The tasks to begin now, by their place in the list; each is named once. */
  due(): readonly number[];
  /** A task has ended, whatever came of it. */
  ended(at: number): void;
}

/** Each after the one before it. */
export function inSequence(count: number): Turns {
  let next = 0;
  let isRunning = false;
  return {
    due: () => {
      if (isRunning || next === count) return [];
      isRunning = true;
      return [next++];
    },
    ended: () => void (isRunning = false),
  };
}

/**
 * Runs tasks as their turns come. After a failure nothing more is begun; what
 * runs is waited for, then the first failure is thrown.
 */
export async function takeTurns(turns: Turns, run: (at: number) => Promise<void>): Promise<void> {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const begin = (): void => {
    if (failures.length > 0) return;
    for (const at of turns.due()) {
      const task: Promise<void> = one(at).finally(() => void running.delete(task));
      running.add(task);
    }
  };
  const one = async (at: number): Promise<void> => {
    try {
      await run(at);
    } catch (error) {
      failures.push(error);
    }
    turns.ended(at);
    begin();
  };
  begin();
  while (running.size > 0) await Promise.race(running);
  if (failures.length > 0) throw failures[0];
}
