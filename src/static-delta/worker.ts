/** A thread that makes parts, one after the other. Started from dist/ by crew.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { ReleasePlanError } from '../core/errors.ts';
import type { Code } from '../core/codes/index.ts';
import { Matcher } from './matcher.ts';
import { makePart, type MadePart, type PartTask } from './part-writer.ts';

/** What a worker answers to a task. An error's class does not survive the way between threads. */
export type WorkerReply = { made: MadePart } | { failure: { code: Code; message: string; hint: string | undefined } };

if (parentPort !== null) {
  const port = parentPort;
  const matcher = new Matcher(workerData as WebAssembly.Module);
  const answer = async (task: PartTask): Promise<WorkerReply> => {
    try {
      return { made: await makePart(task, matcher) };
    } catch (error) {
      if (error instanceof ReleasePlanError)
        return { failure: { code: error.code, message: error.message, hint: error.hint } };
      throw error;
    }
  };
  // Anything else that is thrown reaches the crew as the worker's 'error' event.
  port.on('message', (task: PartTask) => void answer(task).then((reply) => port.postMessage(reply)));
}
