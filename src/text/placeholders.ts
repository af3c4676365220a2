/** Replaces `{name}` by its value; a name without one stays as it is (the plan's rules have refused it by then). */
export const expandPlaceholders = (text: string, values: Record<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
