import type { OptionWord, Place } from './words.ts';

/** A script for fish. @see https://fishshell.com/docs/current/completions.html */
export function fishScript(places: readonly Place[]): string {
  const paths = places.slice(1).map(({ path }) => quoted(` ${path.join(' ')}`));
  return `# fish completion of release-plan; load it with: release-plan completion fish | source
function __release_plan_at
    set -l at
    for token in (commandline -opc)[2..]
        contains -- "$at $token" ${paths.join(' ')}
        and set at "$at $token"
    end
    test "$at" = " $argv" -o "$at$argv" = ''
end

complete -c release-plan -e
${places.flatMap(linesOf).join('\n')}
`;
}

function linesOf(place: Place): string[] {
  const here = `complete -c release-plan -n ${quoted(`__release_plan_at ${place.path.join(' ')}`)}`;
  return [
    // Where words are expected, files would only be in the way.
    ...place.words.map(({ name, about }) => `${here} -f -a ${quoted(name)}${described(about)}`),
    ...place.options.map((option) => `${here}${optionFlags(option)}`),
  ];
}

function optionFlags({ names, about, takesValue, values }: OptionWord): string {
  const flags = names.map((name) => (name.startsWith('--') ? ` -l ${name.slice(2)}` : ` -s ${name.slice(1)}`)).join('');
  const value = !takesValue ? '' : values.length === 0 ? ' -r' : ` -x -a ${quoted(values.join(' '))}`;
  return `${flags}${value}${described(about)}`;
}

const described = (about: string): string => (about === '' ? '' : ` -d ${quoted(about)}`);

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
