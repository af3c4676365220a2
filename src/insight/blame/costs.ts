import { ReleasePlanError } from '../../core/errors.ts';
import type { OpenImage } from '../filesystem/index.ts';
import type { Owner } from '../filesystem/owner.ts';
import type { DeltaSpan } from './delta-spans.ts';

/** What a delta's stored bytes are for. All are whole bytes, and their sum is the size of the file. */
export interface Costs {
  /** By inode of the target. */
  files: Map<number, Cost>;
  metadata: Map<Owner & { kind: 'metadata' }, Cost>;
  commandBytes: number;
}

export interface Cost {
  /** Of the delta as stored. */
  bytes: number;
  /** Of the bare delta. */
  literalBytes: number;
}

/**
 * Gives each span of a delta to the owner of the target's bytes that it makes, and checks that it does make them.
 *
 * Costs are places in the stored file, rounded: as each part begins where the one before it ended, nothing is lost and
 * nothing counted twice.
 */
export class CostCollector {
  readonly costs: Costs = { files: new Map(), metadata: new Map(), commandBytes: 0 };
  readonly #target: OpenImage;
  readonly #deltaPath: string;

  constructor(target: OpenImage, deltaPath: string) {
    this.#target = target;
    this.#deltaPath = deltaPath;
  }

  /** @throws ReleasePlanError `delta-other-target` */
  add(span: DeltaSpan): void {
    if (span.kind === 'command') {
      this.costs.commandBytes += Math.round(span.costTo) - Math.round(span.costFrom);
      return;
    }
    this.#check(span);
    const { costFrom, costTo, placeOf, chunkByte, targetByte, bytes } = span;
    let from = costFrom;
    for (const { startByte, endByte, owner } of this.#target.extents.within(targetByte, targetByte + bytes.length)) {
      const to = endByte === targetByte + bytes.length ? costTo : placeOf(chunkByte + endByte - targetByte);
      this.#pay(owner, endByte - startByte, from, to);
      from = to;
    }
  }

  #check({ targetByte, bytes }: DeltaSpan & { kind: 'literal' }): void {
    const image = this.#target.bytes;
    if (
      targetByte + bytes.length <= image.sizeBytes &&
      image.view(targetByte, bytes.length, 'a literal of the delta').equals(bytes)
    )
      return;
    throw new ReleasePlanError(
      'delta-other-target',
      `${this.#deltaPath} does not make ${image.path}: they differ within its literal at byte ${targetByte}`,
    );
  }

  #pay(owner: Owner, literalBytes: number, from: number, to: number): void {
    const bytes = Math.round(to) - Math.round(from);
    switch (owner.kind) {
      case 'file':
        return put(this.costs.files, owner.inode, bytes, literalBytes);
      case 'metadata':
        return put(this.costs.metadata, owner, bytes, literalBytes);
      case 'shared':
        return this.#share(owner.parts, literalBytes, from, to);
    }
  }

  /** A compressed block cannot be taken apart: each file in it pays by what it has there, decompressed. */
  #share(parts: (Owner & { kind: 'shared' })['parts'], literalBytes: number, from: number, to: number): void {
    const whole = parts.reduce((sum, { weight }) => sum + weight, 0);
    let weights = 0;
    let paid = { bytes: Math.round(from), literalBytes: 0 };
    for (const { inode, weight } of parts) {
      weights += weight;
      const upTo = {
        bytes: weights === whole ? Math.round(to) : Math.round(from + ((to - from) * weights) / whole),
        literalBytes: Math.round((literalBytes * weights) / whole),
      };
      put(this.costs.files, inode, upTo.bytes - paid.bytes, upTo.literalBytes - paid.literalBytes);
      paid = upTo;
    }
  }
}

function put<K>(costs: Map<K, Cost>, key: K, bytes: number, literalBytes: number): void {
  const held = costs.get(key);
  if (held === undefined) costs.set(key, { bytes, literalBytes });
  else {
    held.bytes += bytes;
    held.literalBytes += literalBytes;
  }
}
