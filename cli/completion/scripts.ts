import type { Candidate } from './shape.js'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

/**
 * What a shell reads so that it asks us at each Tab. Where we know nothing, the shell completes files, as it always does.
 * Bash: https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html; zsh: zshcompsys(1); fish:
 * https://fishshell.com/docs/current/cmds/complete.html.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  // A colon breaks words for bash: what it has of the word already must not come twice.
  bash: `_holdfast() {
  local words cword
  if type _get_comp_words_by_ref >/dev/null 2>&1; then
    _get_comp_words_by_ref -n =: -w words -i cword
  else
    words=("\${COMP_WORDS[@]}")
    cword=$COMP_CWORD
  fi
  local IFS=$'\\n'
  COMPREPLY=($(holdfast complete bash -- "\${words[@]:1:cword}" 2>/dev/null))
  if type __ltrim_colon_completions >/dev/null 2>&1; then
    __ltrim_colon_completions "\${words[cword]}"
  fi
}
complete -o default -F _holdfast holdfast
`,
  zsh: `#compdef holdfast
_holdfast() {
  local -a candidates
  candidates=("\${(@f)$(holdfast complete zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then
    _describe -V holdfast candidates
  else
    _files
  fi
}
if [[ "\${zsh_eval_context[-1]}" == loadautofunc ]]; then
  _holdfast "$@"
else
  compdef _holdfast holdfast
fi
`,
  fish: `function __holdfast_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l candidates (holdfast complete fish -- $words[2..-1] 2>/dev/null)
  if test (count $candidates) -gt 0
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete --command holdfast --no-files --keep-order --arguments '(__holdfast_complete)'
`,
}

/** Candidates as the script of a shell expects them: a line each. */
export const linesFor = (shell: Shell, candidates: readonly Candidate[]): readonly string[] =>
  candidates.map(({ word, description }) => {
    if (shell === 'bash' || description === undefined) return shell === 'zsh' ? colonsEscaped(word) : word
    const text = description.replace(/\s+/g, ' ')
    return shell === 'zsh' ? `${colonsEscaped(word)}:${text}` : `${word}\t${text}`
  })

/** A colon ends the word for `_describe`. */
const colonsEscaped = (word: string): string => word.replaceAll(':', '\\:')
