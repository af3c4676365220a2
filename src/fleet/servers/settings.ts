/** A server that knows which device runs what. */
import type { SecretSource } from '../../io/secret.ts';

export interface FleetServer {
  kind: 'hawkbit' | 'goosebit';
  url: string;
  user: string;
  /** Where its password is; undefined for none. */
  password?: SecretSource;
  /** Absolute path of a PEM file. */
  caFile?: string;
  /** hawkBit's attributes, as devices send them by `identify`. */
  attributes: FleetAttributes;
  /** What every device follows for which the server names no tag. */
  tag: string;
  /** The whole fleet is read within so long. */
  timeLimitMs: number;
}

export interface FleetAttributes {
  version: string;
  tag?: string;
  hardware?: string;
}
