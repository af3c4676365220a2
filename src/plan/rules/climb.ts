/** Glob patterns that can match above the folder that they are looked for in. Pure. */

/** A quantified group repeats what is in it: `+(.)` is also `..`. */
const REPEATED = /[*+]\(/;

/**
 * Whether a pattern can name a place outside of its folder: from the root, or
 * by `..` in any spelling: escaped, as a class of characters, put together from
 * the alternatives of braces or groups. In doubt it can.
 */
export function canClimb(pattern: string): boolean {
  const plain = pattern.replace(/\\(.)/gsu, '$1').replace(/\[[^\]]*\]/g, dotOfClass);
  if (plain.includes('\\') || isFromRoot(plain)) return true;
  // The braces and groups of a segment may be closed in another: what they hold counts for both.
  return plain.split('/').some((segment) => {
    const atoms = segment.split(/[{}(),|@!?*+]+/);
    const dots = atoms.filter((atom) => /^\.+$/.test(atom)).join('');
    const isGrouped = /[{(,|]/.test(segment);
    return (
      /^!*\.\./.test(segment) ||
      // A negation of nothing is no pattern at all.
      /^!+$/.test(segment) ||
      (isGrouped && (dots.length >= 2 || (dots.length === 1 && REPEATED.test(segment))))
    );
  });
}

/** `/x`, `{/x,y}`, `@(/x)`: a slash with nothing before it in its alternative. */
const isFromRoot = (pattern: string): boolean => /(?:^|[{(,|])\//.test(pattern);

/** A class stands for one character: for a dot where it may be one. */
function dotOfClass(written: string): string {
  const inside = written.slice(1, -1);
  const mayBeDot = /^[!^]/.test(inside) ? !inside.includes('.') : /\.|.-.|\[:/.test(inside);
  return mayBeDot ? '.' : 'x';
}
