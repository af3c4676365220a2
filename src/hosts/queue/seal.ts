import { createHmac, timingSafeEqual } from 'node:crypto';
import { ReleasePlanError } from '../../core/errors.ts';

/** The environment variable with the key that all hosts of a queue share. */
export const KEY_VARIABLE = 'RELEASE_PLAN_QUEUE_KEY';

const KEY_LENGTH_MIN = 16;

/** What travels through the queue: a text, and an HMAC-SHA256 over it and what it is for. */
export interface Sealed {
  text: string;
  /** 64 hex digits. */
  mac: string;
}

/** Authenticates what travels: whoever can write into redis cannot have anything made, or believed. */
export class Seal {
  readonly #key: string;

  /** @throws ReleasePlanError `queue-key-missing` */
  constructor(env: NodeJS.ProcessEnv) {
    const key = env[KEY_VARIABLE] ?? '';
    if (key.length < KEY_LENGTH_MIN)
      throw new ReleasePlanError(
        'queue-key-missing',
        key === '' ? `${KEY_VARIABLE} is not set` : `${KEY_VARIABLE} has fewer than ${KEY_LENGTH_MIN} characters`,
      );
    this.#key = key;
  }

  /** @param purpose what it is for, so that it passes for nothing else */
  seal(purpose: string, content: object): Sealed {
    const text = JSON.stringify(content);
    return { text, mac: this.#mac(purpose, text) };
  }

  /** @throws ReleasePlanError `queue-forged` */
  open<T extends object>(purpose: string, sealed: unknown): T {
    const { text, mac } = (sealed ?? {}) as Partial<Sealed>;
    if (typeof text === 'string' && typeof mac === 'string' && isEqual(mac, this.#mac(purpose, text)))
      return JSON.parse(text) as T;
    throw new ReleasePlanError('queue-forged', `a message of the queue is not authenticated: ${purpose}`);
  }

  #mac(purpose: string, text: string): string {
    return createHmac('sha256', this.#key).update(`${purpose}\0${text}`).digest('hex');
  }
}

const isEqual = (a: string, b: string): boolean =>
  a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
