/** Which of a list of tasks may run now: one after the other, or several at once. */
export interface Turns {
  /** The tasks to begin now, by their place in the list; each is named once. */
  due(): readonly number[];
  /** A task has ended, whatever came of it. */
  ended(at: number): void;
  /** Gets what asks for {@link due} again, for turns that may come while nothing ends. */
  watch?(ask: () => void): void;
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
  const failures: unknown[] = [];
  let running = 0;
  // Counted, not raced: a hundred thousand of them may run on other hosts.
  await new Promise<void>((resolve) => {
    const begin = (): void => {
      const due = failures.length > 0 ? [] : turns.due();
      running += due.length;
      for (const at of due) void one(at);
      if (running === 0) resolve();
    };
    const one = async (at: number): Promise<void> => {
      try {
        await run(at);
      } catch (error) {
        failures.push(error);
      }
      try {
        turns.ended(at);
        running -= 1;
        begin();
      } catch (error) {
        failures.push(error);
        if (running === 0) resolve();
      }
    };
    turns.watch?.(begin);
    begin();
  });
  if (failures.length > 0) throw failures[0];
}
