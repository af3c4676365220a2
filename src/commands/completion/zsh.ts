import { shellWord } from '../../schedule/quote.ts';
import type { OptionWord, Place, Word } from './words.ts';

/** A script for zsh, to be sourced or put into fpath as _release-plan. @see zshcompsys(1) */
export function zshScript(places: readonly Place[]): string {
  const paths = places.slice(1).map(({ path }) => shellWord(`/${path.join('/')}`));
  return `#compdef release-plan
# zsh completion of release-plan; load it, after compinit, with: source <(release-plan completion zsh)
_release_plan() {
  local at= i cur=$words[CURRENT] prev=$words[CURRENT-1]
  local -a found
  for ((i = 2; i < CURRENT; i++)); do
    case "$at/$words[i]" in
      (${paths.join('|')}) at="$at/$words[i]" ;;
    esac
  done
  case "$at $prev" in
${places.flatMap(valueCases).join('\n')}
  esac
  case "$at" in
${places.map(placeCase).join('\n')}
  esac
}
# In fpath this file is the function itself.
if [[ $funcstack[1] == _release-plan ]]; then
  _release_plan "$@"
else
  compdef _release_plan release-plan
fi
`;
}

const slashed = ({ path }: Place): string => path.map((name) => `/${name}`).join('');

const valueCases = (place: Place): string[] =>
  place.options
    .filter((one) => one.takesValue)
    .map(({ names, values }) => {
      const body = values.length === 0 ? '_files' : `compadd -- ${values.map(shellWord).join(' ')}`;
      return `    (${names.map((name) => shellWord(`${slashed(place)} ${name}`)).join('|')}) ${body}; return ;;`;
    });

function placeCase(place: Place): string {
  const describe = (list: readonly string[], what: string): string =>
    `found=(${list.map(shellWord).join(' ')}); _describe -t ${what} ${what} found`;
  const options = `if [[ $cur == -* ]]; then ${describe(place.options.flatMap(optionEntries), 'options')}; return; fi`;
  const words = place.words.length === 0 ? '_files' : describe(place.words.map(wordEntry), 'commands');
  return `    (${place.path.length === 0 ? "''" : shellWord(slashed(place))}) ${options}; ${words} ;;`;
}

/** `name:description`, as _describe takes it. */
const entry = (name: string, about: string): string =>
  `${name.replaceAll(':', '\\:')}${about === '' ? '' : `:${about}`}`;

const wordEntry = ({ name, about }: Word): string => entry(name, about);

const optionEntries = ({ names, about }: OptionWord): string[] => names.map((name) => entry(name, about));
