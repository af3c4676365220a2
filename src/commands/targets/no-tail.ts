/** fioctl's `--no-tail`, which scripts pass: there is no CI job here whose log would be followed. */
export const NO_TAIL_FLAG = ['--no-tail', "accepted for fioctl's sake: no CI job is followed"] as const;
