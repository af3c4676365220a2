/** What is being stopped and must not be left alone: a BitBake server would build on. */
let inProgress = 0;

/** Runs `body`, which stops what others have started; meanwhile {@link isStopping}. */
export async function whileStopping<T>(body: () => Promise<T>): Promise<T> {
  inProgress += 1;
  try {
    return await body();
  } finally {
    inProgress -= 1;
  }
}

/** Whether this process is about to stop others, and would leave them running if it ended now. */
export const isStopping = (): boolean => inProgress > 0;
