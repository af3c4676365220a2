import { shellWord } from '../../schedule/quote.ts';
import type { Place } from './words.ts';

/** A script for bash 4 and later. @see bash(1), Programmable Completion */
export function bashScript(places: readonly Place[]): string {
  const paths = places.slice(1).map(({ path }) => shellWord(`/${path.join('/')}`));
  return `# bash completion of release-plan; load it with: source <(release-plan completion bash)
_release_plan() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} at= i words=
  COMPREPLY=()
  # bash splits --option=value at the equals sign.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "$at/\${COMP_WORDS[i]}" in
      ${paths.join(' | ')}) at="$at/\${COMP_WORDS[i]}" ;;
    esac
  done
  case "$at $prev" in
${places.flatMap(valueCases).join('\n')}
    *)
      case "$at" in
${places.map(placeCase).join('\n')}
      esac
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _release_plan release-plan
`;
}

const slashed = ({ path }: Place): string => path.map((name) => `/${name}`).join('');

/** What an option takes; nothing leaves the word to bash, which completes files. */
const valueCases = (place: Place): string[] =>
  place.options
    .filter((one) => one.takesValue)
    .map(
      ({ names, values }) =>
        `    ${names.map((name) => shellQuoted(`${slashed(place)} ${name}`)).join(' | ')}) ` +
        `words=${shellQuoted(values.join(' '))} ;;`,
    );

function placeCase(place: Place): string {
  const options = place.options.flatMap((one) => one.names).join(' ');
  return (
    `        ${shellQuoted(slashed(place))}) if [[ $cur == -* ]]; then words=${shellQuoted(options)}; else ` +
    `words=${shellQuoted(place.words.map((one) => one.name).join(' '))}; fi ;;`
  );
}

const shellQuoted = (text: string): string => (text === '' ? "''" : shellWord(text));
