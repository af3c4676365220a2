import type { Turns } from '../core/turns.ts';
import { Idlers } from './idle.ts';

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
  /** Whether tasks that use no processor make room for others, up to as many again. */
  countsIdle?: boolean;
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
  /** How many tasks each waits for, and who waits for it. */
  readonly #before: number[];
  readonly #behind = new Map<number, number[]>();
  /** What waits for nothing but its turn: here, and on other hosts. */
  readonly #ready = new Lowest();
  readonly #readyElsewhere = new Lowest();
  /** How many have not begun. */
  #waiting: number;
  readonly #ended = new Set<number>();
  /** What runs, and the memory that it was let in with; undefined for what takes nothing of the capacity. */
  readonly #running = new Map<number, number | undefined>();
  /** How many of them take of the capacity, and the memory of all of these. */
  #taking = 0;
  #takenBytes = 0;
  /** Tasks that ran beside another. */
  readonly #accompanied = new Set<number>();
  /** Tasks that wait until nothing else runs, and what lets each go on. */
  readonly #toRunAlone = new Map<number, () => void>();
  /** The task that runs with nothing beside it. */
  #alone: number | undefined;
  readonly #idlers: Idlers;

  constructor(tasks: readonly PoolTask[], capacity: Capacity, idlers = new Idlers()) {
    this.#tasks = tasks;
    this.#capacity = capacity;
    this.#idlers = idlers;
    this.#waiting = tasks.length;
    this.#before = tasks.map(({ after }) => new Set(after).size);
    for (const [at, { after }] of tasks.entries()) {
      for (const before of new Set(after)) {
        const behind = this.#behind.get(before);
        if (behind === undefined) this.#behind.set(before, [at]);
        else behind.push(at);
      }
      if (after.length === 0) this.#line(at);
    }
  }

  watch(ask: () => void): void {
    this.#idlers.watch(ask);
  }

  due(): number[] {
    if (this.#toRunAlone.size > 0 || this.#alone !== undefined) return [];
    const [before] = this.#running.size === 1 ? this.#running.keys() : [];
    const due: number[] = [];
    for (let at = this.#readyElsewhere.take(); at !== undefined; at = this.#readyElsewhere.take()) {
      this.#begin(at, undefined);
      due.push(at);
    }
    for (let at = this.#ready.first(); at !== undefined; at = this.#ready.first()) {
      const memoryBytes = this.#tasks[at]?.memoryBytes() ?? 0;
      if (!this.#hasRoom(memoryBytes)) break;
      this.#ready.take();
      this.#begin(at, memoryBytes);
      due.push(at);
    }
    if (this.#running.size > 1)
      for (const at of before === undefined ? due : [before, ...due]) this.#accompanied.add(at);
    if (this.#running.size === 0 && this.#waiting > 0) throw new Error('the tasks wait for one another');
    return due.sort((a, b) => a - b);
  }

  ended(at: number): void {
    this.#leave(at);
    if (!this.#ended.has(at)) {
      this.#ended.add(at);
      for (const behind of this.#behind.get(at) ?? []) {
        const left = (this.#before[behind] ?? 0) - 1;
        this.#before[behind] = left;
        if (left === 0) this.#line(behind);
      }
    }
    if (this.#alone === at) this.#alone = undefined;
    this.#letOneGoOn();
  }

  /** Whether another ran at any time while a task did: a shortage may have been of both together. */
  wasAccompanied(at: number): boolean {
    return this.#accompanied.has(at);
  }

  /** Makes a running task wait until nothing else runs. Nothing else begins before it has ended. */
  async alone(at: number): Promise<void> {
    this.#leave(at);
    await new Promise<void>((resolve) => {
      this.#toRunAlone.set(at, resolve);
      this.#letOneGoOn();
    });
  }

  /** Puts a task in line that waits for no other. */
  #line(at: number): void {
    (this.#tasks[at]?.isElsewhere === true ? this.#readyElsewhere : this.#ready).add(at);
  }

  /** @param memoryBytes undefined for what takes nothing of the capacity */
  #begin(at: number, memoryBytes: number | undefined): void {
    this.#waiting -= 1;
    this.#enter(at, memoryBytes);
  }

  #enter(at: number, memoryBytes: number | undefined): void {
    this.#running.set(at, memoryBytes);
    if (memoryBytes === undefined) return;
    this.#taking += 1;
    this.#takenBytes += memoryBytes;
  }

  #leave(at: number): void {
    const memoryBytes = this.#running.get(at);
    this.#running.delete(at);
    if (memoryBytes === undefined) return;
    this.#taking -= 1;
    this.#takenBytes -= memoryBytes;
  }

  #hasRoom(memoryBytes: number): boolean {
    if (this.#taking === 0) return true;
    const { jobs, countsIdle } = this.#capacity;
    const places = jobs + (countsIdle === true ? Math.min(this.#idlers.count, jobs) : 0);
    return this.#taking < places && this.#takenBytes + memoryBytes <= this.#capacity.memoryBytes;
  }

  #letOneGoOn(): void {
    if (this.#running.size > 0 || this.#alone !== undefined) return;
    const [next] = this.#toRunAlone;
    if (next === undefined) return;
    const [at, goOn] = next;
    this.#toRunAlone.delete(at);
    this.#enter(at, 0);
    this.#accompanied.delete(at);
    this.#alone = at;
    goOn();
  }
}

/** Numbers, the lowest of them first: a binary heap. */
class Lowest {
  readonly #heap: number[] = [];

  first(): number | undefined {
    return this.#heap[0];
  }

  add(value: number): void {
    const heap = this.#heap;
    let at = heap.push(value) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (this.#at(above) <= value) break;
      heap[at] = this.#at(above);
      at = above;
    }
    heap[at] = value;
  }

  take(): number | undefined {
    const heap = this.#heap;
    const [lowest] = heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return lowest;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below + 1 < heap.length && this.#at(below + 1) < this.#at(below)) below += 1;
      if (below >= heap.length || this.#at(below) >= last) break;
      heap[at] = this.#at(below);
      at = below;
    }
    heap[at] = last;
    return lowest;
  }

  #at(index: number): number {
    return this.#heap[index] ?? Infinity;
  }
}
