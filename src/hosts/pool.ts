import type { Turns } from '../core/turns.ts';

/** What a pool has to know of its tasks. */
export interface PoolTask {
  /** The tasks that have to have ended before, by their place in the list. */
  after: readonly number[];
  /** It takes nothing of the capacity. */
  isElsewhere?: boolean;
  /** Memory that it takes at its peak; asked when it could begin. */
  memoryBytes(): number;
}

/** What the tasks share. */
export interface Capacity {
  /** So many tasks at once, at the most. */
  jobs: number;
  /** Memory for all that run at once; one alone always runs. */
  memoryBytes: number;
}

/**
 * Lets tasks run as soon as those before them have ended, several at once as
 * far as a capacity goes. Earlier ones come first: one that waits for memory is
 * not overtaken, so that it does not wait for ever.
 */
export class Pool implements Turns {
  readonly #tasks: readonly PoolTask[];
  readonly #capacity: Capacity;
  readonly #waiting: Set<number>;
  readonly #ended = new Set<number>();
  /** What runs, and the memory that it was let in with; undefined for what takes nothing of the capacity. */
  readonly #running = new Map<number, number | undefined>();
  /** Tasks that ran beside another. */
  readonly #accompanied = new Set<number>();
  /** Tasks that wait until nothing else runs, and what lets each go on. */
  readonly #toRunAlone = new Map<number, () => void>();
  /** The task that runs with nothing beside it. */
  #alone: number | undefined;

  constructor(tasks: readonly PoolTask[], capacity: Capacity) {
    this.#tasks = tasks;
    this.#capacity = capacity;
    this.#waiting = new Set(tasks.keys());
  }

  due(): number[] {
    const due: number[] = [];
    if (this.#toRunAlone.size > 0 || this.#alone !== undefined) return due;
    let isFull = false;
    for (const at of this.#waiting) {
      const task = this.#tasks[at];
      if (task === undefined || task.after.some((one) => !this.#ended.has(one))) continue;
      const isElsewhere = task.isElsewhere === true;
      if (isFull && !isElsewhere) continue;
      const memoryBytes = isElsewhere ? undefined : task.memoryBytes();
      if (memoryBytes !== undefined && !this.#hasRoom(memoryBytes)) {
        isFull = true;
        continue;
      }
      this.#waiting.delete(at);
      this.#running.set(at, memoryBytes);
      due.push(at);
    }
    if (this.#running.size > 1) for (const at of this.#running.keys()) this.#accompanied.add(at);
    if (this.#running.size === 0 && this.#waiting.size > 0) throw new Error('the tasks wait for one another');
    return due;
  }

  ended(at: number): void {
    this.#running.delete(at);
    this.#ended.add(at);
    if (this.#alone === at) this.#alone = undefined;
    this.#letOneGoOn();
  }

  /** Whether another ran at any time while a task did: a shortage may have been of both together. */
  wasAccompanied(at: number): boolean {
    return this.#accompanied.has(at);
  }

  /** Makes a running task wait until nothing else runs. Nothing else begins before it has ended. */
  async alone(at: number): Promise<void> {
    this.#running.delete(at);
    await new Promise<void>((resolve) => {
      this.#toRunAlone.set(at, resolve);
      this.#letOneGoOn();
    });
  }

  #hasRoom(memoryBytes: number): boolean {
    const taken = [...this.#running.values()].filter((one) => one !== undefined);
    if (taken.length === 0) return true;
    const sumBytes = taken.reduce((sum, one) => sum + one, memoryBytes);
    return taken.length < this.#capacity.jobs && sumBytes <= this.#capacity.memoryBytes;
  }

  #letOneGoOn(): void {
    if (this.#running.size > 0 || this.#alone !== undefined) return;
    const [next] = this.#toRunAlone;
    if (next === undefined) return;
    const [at, goOn] = next;
    this.#toRunAlone.delete(at);
    this.#running.set(at, 0);
    this.#accompanied.delete(at);
    this.#alone = at;
    goOn();
  }
}
