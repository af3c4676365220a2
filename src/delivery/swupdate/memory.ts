import { manifestOf } from '../../core/archive.ts';
import type { Delivery } from '../delivery.ts';
import { engineNamed } from '../engines/index.ts';
import type { SwupdateSnapshot } from './snapshot.ts';

/**
 * Memory that a step takes at its peak. That of a delta depends on its base;
 * everything else is streamed, or is a build, whose memory is BitBake's own matter.
 */
export const memoryBytes: Delivery<SwupdateSnapshot>['memoryBytes'] = (step, { archive }) => {
  if (step.kind !== 'delta') return 0;
  const images = manifestOf(archive.versions.get(step.from))?.files.filter(({ role }) => role === 'image') ?? [];
  return engineNamed(step.engine).memoryBytes(images.map(({ sizeBytes }) => ({ baseBytes: sizeBytes })));
};
