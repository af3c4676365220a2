/** What can be typed, read off commander's program. */
import type { Command, Option } from 'commander';

/** A command and what may follow it. */
export interface Place {
  /** Names from the top: `['delta', 'create']`; empty for the program itself. */
  path: string[];
  about: string;
  /** What may stand as the next word besides a file; empty when only files make sense. */
  words: Word[];
  options: OptionWord[];
}

export interface Word {
  name: string;
  about: string;
}

export interface OptionWord {
  /** `--json`, and `-V` where there is a short one. */
  names: string[];
  about: string;
  /** Whether the next word is its value; one that may take a value is followed by anything. */
  takesValue: boolean;
  /** The values that it takes, where they are few. */
  values: string[];
}

/** Values that commander does not know of: `validate --format`, or a command's first argument (`explain`). */
export type KnownValues = Readonly<Record<string, readonly string[]>>;

/** Every place of a program, the program itself first. */
export function placesOf(program: Command, known: KnownValues): Place[] {
  return visit(program, [], known);
}

function visit(command: Command, path: string[], known: KnownValues): Place[] {
  const key = path.join(' ');
  const shown = command.createHelp();
  const subcommands = shown.visibleCommands(command);
  const values = command.registeredArguments[0]?.argChoices ?? known[key] ?? [];
  const place: Place = {
    path,
    about: command.description(),
    words: [
      ...subcommands.map((one) => ({ name: one.name(), about: one.description() })),
      ...values.map((name) => ({ name, about: '' })),
    ],
    options: shown.visibleOptions(command).map((option) => optionWord(option, key, known)),
  };
  // `help` is commander's own, and no command object with places of its own.
  return [place, ...command.commands.flatMap((one) => visit(one, [...path, one.name()], known))];
}

function optionWord(option: Option, path: string, known: KnownValues): OptionWord {
  const names = [option.long, option.short].filter((one): one is string => typeof one === 'string');
  return {
    names,
    about: option.description,
    takesValue: option.required,
    values: [...(option.argChoices ?? known[`${path} ${names[0] ?? ''}`] ?? [])],
  };
}
