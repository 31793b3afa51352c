/** One word, quoted or not; or what stands between commands. */
const TOKEN =
  /\\\n|[ \t]+|#[^\n]*|(?<operator>\n|&&|\|\||[|;&()])|(?<redirection>\d?[<>]{1,2}&?\d?)|(?<word>(?:"(?:\\.|[^"\\])*"|'[^']*'|\\.|[^\s"'\\|;&()<>])+)/gy

/**
 * The commands of a script, each as its words: as much of a shell as documentation needs. Quotes and continued lines are
 * understood; comments, redirections and assignments before a command are left out. Fails where it does not understand.
 */
export function commandsOf(script: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  let isTarget = false
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < script.length) {
    const rest = script.slice(TOKEN.lastIndex, TOKEN.lastIndex + 40)
    const token = TOKEN.exec(script)
    if (token === null) throw new Error(`No shell that these tests understand: ${JSON.stringify(rest)}`)
    const { operator, redirection, word } = token.groups ?? {}
    if (redirection !== undefined) isTarget = !redirection.includes('&')
    else if (operator !== undefined) commands.push([])
    else if (word !== undefined && isTarget) isTarget = false
    else if (word !== undefined) commands.at(-1)?.push(unquoted(word))
  }
  return commands.map(withoutAssignments).filter((words) => words.length > 0)
}

/** The arguments of each `holdfast …` of a script. */
export const holdfastCommandsOf = (script: string): readonly (readonly string[])[] =>
  commandsOf(script).flatMap((words) => {
    const [program, ...rest] = words[0] === 'sudo' ? words.slice(1) : words
    return program === 'holdfast' ? [rest] : []
  })

const unquoted = (word: string): string =>
  word.replaceAll(
    /"((?:\\.|[^"\\])*)"|'([^']*)'|\\(.)/g,
    (_, double?: string, single?: string, one?: string) =>
      double !== undefined ? double.replaceAll(/\\(["\\$`])/g, '$1') : (single ?? one ?? ''),
  )

function withoutAssignments(words: readonly string[]): readonly string[] {
  const first = words.findIndex((word) => !/^[A-Za-z_]\w*=/.test(word))
  return first < 0 ? [] : words.slice(first)
}
