/** Steps that wait for something and use no processor meanwhile: others may begin. */
export class Idlers {
  #count = 0;
  #onMore: () => void = () => undefined;

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** @param onMore told when there is one more */
  watch(onMore: () => void): void {
    this.#onMore = onMore;
  }

  /** For {@link Host.idle}. */
  readonly idle = async <T>(body: () => Promise<T>): Promise<T> => {
    this.#count += 1;
    try {
      this.#onMore();
      return await body();
    } finally {
      this.#count -= 1;
    }
  };
}
