/**
 * What kind of place a partition is: a block device, a UBI volume, raw flash (MTD), or a file of a file system; with
 * what rules have to know of each.
 */
export const partitionTypes = {
  block: { place: 'path' },
  file: { place: 'path' },
  ubivol: {
    place: 'name',
    noDelta: "SWUpdate's rdiff handler writes block devices; a UBI volume is written by an update of the whole volume",
  },
  flash: {
    place: 'path',
    noDelta: "SWUpdate's rdiff handler knows nothing of erasing and of bad blocks, which raw flash needs",
  },
} as const satisfies Record<string, PartitionFacts>;

interface PartitionFacts {
  /** How a plan says where it is. */
  place: 'path' | 'name';
  /** Why it takes whole images alone. */
  noDelta?: string;
}

export type PartitionType = keyof typeof partitionTypes;

export const partitionFacts = (type: PartitionType): PartitionFacts => partitionTypes[type];
