import type { ReleaseEvent, Report } from '../../core/events.ts';

/** The lines of one task. */
export interface Block {
  say(event: ReleaseEvent): void;
  close(): void;
}

/**
 * Keeps the lines of tasks that run at once apart. The lines of the one that
 * began first are shown as they come; those of another when it has ended, or
 * when it is the one that began first.
 */
export class Blocks {
  readonly #report: Report;
  /** What is held back of each open block, by its id, in the order in which they began. */
  readonly #held = new Map<string, ReleaseEvent[]>();
  /** Whose lines are shown as they come. */
  #front: string | undefined;
  /** Another block was shown since the last line of the front one. */
  #isSplit = false;

  constructor(report: Report) {
    this.#report = report;
  }

  /** Begins a block with its title. */
  open(id: string, title: string): Block {
    this.#held.set(id, []);
    this.#front ??= id;
    const say = (event: ReleaseEvent): void => this.#say(id, title, event);
    say({ type: 'step-started', id, title });
    return { say, close: () => this.#close(id) };
  }

  #say(id: string, title: string, event: ReleaseEvent): void {
    if (id !== this.#front) return void this.#held.get(id)?.push(event);
    if (this.#isSplit && event.type !== 'step-skipped')
      this.#report({ type: 'step-started', id, title: `${title} (continued)` });
    this.#isSplit = false;
    this.#report(event);
  }

  #close(id: string): void {
    const held = this.#held.get(id) ?? [];
    this.#held.delete(id);
    for (const event of held) this.#report(event);
    if (id !== this.#front) {
      this.#isSplit = true;
      return;
    }
    [this.#front] = this.#held.keys();
    this.#isSplit = false;
    if (this.#front === undefined) return;
    for (const event of this.#held.get(this.#front)?.splice(0) ?? []) this.#report(event);
  }
}
