/**
 * Reads the part of BitBake's configuration language that kas and people write
 * into local.conf and bblayers.conf: assignments, and directives as they are.
 *
 * @see BitBake User Manual, 3.1 Basic Syntax
 */

export type Operator = '=' | ':=' | '?=' | '??=' | '+=' | '=+' | '.=' | '=.';

/** One statement, after continued lines are joined. */
export interface Statement {
  /** Line number of its start, from 1. */
  line: number;
  /** As written, joined. */
  text: string;
  /** The local_conf_header id it stands under: the last one-word comment above it, as kas writes them. */
  header: string | undefined;
  /** Undefined for include, require, inherit, unset and whatever else is no assignment. */
  assignment: Assignment | undefined;
}

export interface Assignment {
  /** Variable without its overrides: `EXTRA_IMAGECMD` of `EXTRA_IMAGECMD:squashfs`. */
  variable: string;
  /** `:append`, `:tolomeo-qemux86-64`, ...; empty without. */
  overrides: string;
  /** `vardepsexclude` of `do_rootfs[vardepsexclude]`. */
  flag: string | undefined;
  operator: Operator;
  value: string;
}

// Name, overrides, flag, operator, a value in either kind of quotes.
const ASSIGNMENT = new RegExp(
  [
    String.raw`^(?:export\s+)?`,
    String.raw`([A-Za-z0-9_${'$'}{}/.+-]+?)((?::[A-Za-z0-9_${'$'}{}/.+-]+)*)(?:\[([^\]]+)\])?`,
    String.raw`\s*(\?\?=|\?=|:=|\+=|=\+|\.=|=\.|=)\s*`,
    String.raw`(["'])(.*)\5\s*$`,
  ].join(''),
  's',
);

/** The statements of a configuration file, in order. */
export function parseConf(text: string): Statement[] {
  const statements: Statement[] = [];
  let header: string | undefined;
  let joined = '';
  let start = 0;
  for (const [index, line] of text.split('\n').entries()) {
    if (joined === '') start = index + 1;
    if (joined === '' && line.startsWith('#')) {
      header = /^# (\S+)$/.exec(line)?.[1] ?? header;
      continue;
    }
    joined += line.endsWith('\\') ? line.slice(0, -1) : line;
    if (line.endsWith('\\')) continue;
    if (joined.trim() !== '')
      statements.push({ line: start, text: joined.trim(), header, assignment: parseAssignment(joined.trim()) });
    joined = '';
  }
  return statements;
}

function parseAssignment(text: string): Assignment | undefined {
  const found = ASSIGNMENT.exec(text);
  if (found === null) return undefined;
  const [, variable = '', overrides = '', flag, operator = '=', , value = ''] = found;
  return { variable, overrides, flag, operator: operator as Operator, value };
}

/** What decides a variable's value, as far as these statements tell. */
export interface Effect {
  /** Undefined when nothing sets it. */
  value: string | undefined;
  /** The statement that sets it. */
  by: Statement | undefined;
  /** Statements that change the value of `by`, or may under some override: the literal is then not the value. */
  changedBy: Statement[];
}

/**
 * The effect of all statements on one variable: the last `=` or `:=` wins, else
 * the first `?=`, else the last `??=`. Additions after that, and every use of
 * an override in the name, in the syntax of either side of BitBake 1.52, are
 * in `changedBy`.
 *
 * @param overrides override names to know in the old syntax, `VAR_machine`
 */
export function effectOn(
  variable: string,
  statements: readonly Statement[],
  overrides: readonly string[] = [],
): Effect {
  const own = statements.filter(
    (one) =>
      one.assignment?.variable === variable && one.assignment.flag === undefined && one.assignment.overrides === '',
  );
  const withOperator = (...operators: Operator[]): Statement[] =>
    own.filter((one) => operators.includes(one.assignment?.operator ?? '='));
  const by = withOperator('=', ':=').at(-1) ?? withOperator('?=').at(0) ?? withOperator('??=').at(-1);
  const additions = withOperator('+=', '=+', '.=', '=.').filter(
    (one) => by === undefined || one.line > by.line || isDefault(by),
  );
  const unset = statements.filter(
    (one) => one.text === `unset ${variable}` && (by === undefined || one.line > by.line),
  );
  const changedBy = [...additions, ...unset, ...statements.filter((one) => isOverrideOf(variable, one, overrides))];
  return { value: by?.assignment?.value, by, changedBy: changedBy.sort((a, b) => a.line - b.line) };
}

const isDefault = (statement: Statement): boolean => statement.assignment?.operator === '??=';

function isOverrideOf(variable: string, { assignment }: Statement, overrides: readonly string[]): boolean {
  if (assignment === undefined || assignment.flag !== undefined) return false;
  if (assignment.variable === variable) return assignment.overrides !== '';
  const old = ['append', 'prepend', 'remove', 'forcevariable', ...overrides].map((one) => `${variable}_${one}`);
  return old.some((name) => assignment.variable === name || assignment.variable.startsWith(`${name}_`));
}
