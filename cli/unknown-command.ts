import { HoldfastError } from '../core/errors.js'
import { didYouMean } from '../core/suggest.js'

/** A command by its words ("backup list"), and the names of its flags. */
export interface KnownCommand {
  readonly words: string
  readonly flags: readonly string[]
}

/** What is wrong with a command line that begins with no command, or has a word too many. */
export function unknownCommand(argv: readonly string[], known: readonly KnownCommand[]): HoldfastError {
  const firstFlag = argv.findIndex((word) => word.startsWith('-'))
  const words = firstFlag < 0 ? argv : argv.slice(0, firstFlag)
  if (words.length === 0) return flagFirst(argv[0] ?? '')
  const starts = words.map((_, i) => words.slice(0, words.length - i).join(' '))
  const command = starts.flatMap((start) => known.find((one) => one.words === start) ?? [])[0]
  if (command !== undefined) {
    return surplus(command, words.slice(command.words.split(' ').length))
  }
  const names = known.map((one) => one.words)
  const meant = starts.flatMap((start) => didYouMean(start, names) ?? [])[0]
  return new HoldfastError('flag.invalid', `There is no command "${words.join(' ')}".`, {
    hint: meant ?? 'See: holdfast --help',
  })
}

function surplus({ words, flags }: KnownCommand, [first = '']: readonly string[]): HoldfastError {
  const meant = flags.includes('plan') ? `For the plan: --plan ${first}. ` : ''
  return new HoldfastError('flag.invalid', `"holdfast ${words}" takes no "${first}".`, {
    hint: `${meant}See: holdfast ${words} --help`,
  })
}

const flagFirst = (flag: string): HoldfastError =>
  new HoldfastError('flag.invalid', `"${flag}" stands before the command: flags come after it.`, {
    hint: 'Such as: holdfast status --quiet. See: holdfast --help',
  })
