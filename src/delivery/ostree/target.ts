/** `custom.targetFormat` of this system's Targets. */
export const FORMAT = 'OSTREE' as const;
