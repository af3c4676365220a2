/** One device as a server tells of it, in the words of `readDevice`; anything else is a bad row. */
export type ServerRow = Readonly<Record<string, unknown>>;
