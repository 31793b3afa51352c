import {
  kindOf,
  type ArgumentShape,
  type Candidate,
  type CommandShape,
  type FlagShape,
  type ValueKind,
} from './shape.js'

/** What may stand at the end of a command line that is being typed. */
export type Place =
  | { readonly kind: 'words'; readonly candidates: readonly Candidate[] }
  | { readonly kind: 'values'; readonly of: ValueKind }

export interface Commands {
  readonly commands: readonly CommandShape[]
  /** By name: `backup`. */
  readonly topics: Readonly<Record<string, string | undefined>>
}

/**
 * What may stand where the cursor is.
 * @param words all after the name of the program, up to the cursor; the last is what is typed of the word so far, or empty.
 */
export function placeOf(words: readonly string[], { commands, topics }: Commands): Place {
  const before = words.slice(0, -1)
  const typed = words.at(-1) ?? ''
  const command = longestOf(commands, before)
  const place: Place =
    command === undefined
      ? { kind: 'words', candidates: nextWords(before, { commands, topics }) }
      : placeIn(command, before.slice(wordsOf(command).length), typed)
  return place.kind === 'values' ? place : { kind: 'words', candidates: beginning(place.candidates, typed) }
}

/** Those that begin so. */
export const beginning = (candidates: readonly Candidate[], typed: string): readonly Candidate[] =>
  candidates.filter(({ word }) => word.startsWith(typed))

const wordsOf = ({ id }: CommandShape): readonly string[] => id.split(':')

const startsWith = (words: readonly string[], start: readonly string[]): boolean =>
  start.every((word, index) => words[index] === word)

function longestOf(commands: readonly CommandShape[], before: readonly string[]): CommandShape | undefined {
  return commands
    .filter((command) => startsWith(before, wordsOf(command)))
    .toSorted((one, other) => wordsOf(other).length - wordsOf(one).length)[0]
}

function nextWords(before: readonly string[], { commands, topics }: Commands): readonly Candidate[] {
  const next = new Map<string, Candidate>()
  for (const command of commands) {
    const words = wordsOf(command)
    const word = words[before.length]
    if (command.hidden === true || word === undefined || !startsWith(words, before)) continue
    const isWhole = words.length === before.length + 1
    const description = isWhole ? command.summary : topics[words.slice(0, before.length + 1).join(':')]
    if (isWhole || !next.has(word)) next.set(word, candidate(word, description))
  }
  return [...next.values()]
}

function placeIn(command: CommandShape, rest: readonly string[], typed: string): Place {
  const flags = Object.values(command.flags)
  const seen = read(rest, flags)
  if (seen.open !== undefined) return valueOf(command, seen.open)
  if (typed.startsWith('-')) return { kind: 'words', candidates: flagWords(flags, seen.flags) }
  const argument = Object.values(command.args)[seen.args]
  return argument === undefined
    ? { kind: 'words', candidates: flagWords(flags, seen.flags) }
    : valueOf(command, argument)
}

function valueOf({ id }: CommandShape, { name, options }: ArgumentShape | FlagShape): Place {
  return options === undefined
    ? { kind: 'values', of: kindOf(id, name) ?? 'free' }
    : { kind: 'words', candidates: options.map((word) => ({ word })) }
}

interface Seen {
  /** How many arguments there were. */
  readonly args: number
  readonly flags: readonly FlagShape[]
  /** The flag that still wants its value. */
  readonly open?: FlagShape
}

function read(rest: readonly string[], flags: readonly FlagShape[]): Seen {
  let args = 0
  let open: FlagShape | undefined
  const found: FlagShape[] = []
  for (const word of rest) {
    const flag = open === undefined ? flags.find(({ name, char }) => isFlag(word, name, char)) : undefined
    if (flag !== undefined) found.push(flag)
    else if (open === undefined) args++
    open = flag?.type === 'option' && !word.includes('=') ? flag : undefined
  }
  return { args, flags: found, ...(open === undefined ? {} : { open }) }
}

const isFlag = (word: string, name: string, char: string | undefined): boolean =>
  word === `--${name}` || word.startsWith(`--${name}=`) || (char !== undefined && word === `-${char}`)

const flagWords = (flags: readonly FlagShape[], used: readonly FlagShape[]): readonly Candidate[] =>
  flags
    .filter((flag) => flag.multiple === true || !used.includes(flag))
    .map(({ name, summary, description }) => candidate(`--${name}`, summary ?? description))

const candidate = (word: string, description: string | undefined): Candidate => ({
  word,
  ...(description === undefined ? {} : { description }),
})
