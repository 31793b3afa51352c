/** What commands may know of, and do with, the terminal they run in. Tests bring their own. */
export interface Terminal {
  /** Somebody is there to answer: questions are read from stdin and shown on stderr, so stdout stays data. */
  readonly isInteractive: boolean
  /** stderr can be redrawn in place. */
  readonly isLive: boolean
  readonly columns: number
  readonly rows: number
  /** Writes to stderr as it is. */
  write(text: string): void
  /** A yes or no; the default answer is no. Throws `ExitPromptError` on Ctrl-C and when the signal aborts. */
  confirm(question: string, signal?: AbortSignal): Promise<boolean>
  /** A line of text; Enter alone takes the default. */
  ask(question: string, otherwise: string): Promise<string>
  choose<T extends string>(question: string, choices: readonly Choice<T>[], signal?: AbortSignal): Promise<T>
}

export interface Choice<T extends string> {
  readonly value: T
  readonly name: string
}

/** Where stderr does not know them, or says 0, as a terminal without a size does: the size of the oldest terminals. */
const DEFAULT_COLUMNS = 80
const DEFAULT_ROWS = 24

export const processTerminal = (): Terminal => ({
  isInteractive: process.stdin.isTTY === true && process.stderr.isTTY === true,
  isLive: process.stderr.isTTY === true && process.env.TERM !== 'dumb' && process.env.CI === undefined,
  get columns() {
    return process.stderr.columns || DEFAULT_COLUMNS
  },
  get rows() {
    return process.stderr.rows || DEFAULT_ROWS
  },
  write: (text) => void process.stderr.write(text),
  confirm: async (question, signal) => {
    const { confirm } = await import('@inquirer/prompts')
    return confirm({ message: question, default: false }, promptContext(signal))
  },
  ask: async (question, otherwise) => {
    const { input } = await import('@inquirer/prompts')
    return input({ message: question, default: otherwise }, promptContext(undefined))
  },
  choose: async (question, choices, signal) => {
    const { select } = await import('@inquirer/prompts')
    return select({ message: question, choices: [...choices] }, promptContext(signal))
  },
})

const promptContext = (signal: AbortSignal | undefined) => ({
  output: process.stderr,
  clearPromptOnDone: false,
  ...(signal === undefined ? {} : { signal }),
})
