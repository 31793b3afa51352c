import { Flags, Parser, type Command } from '@oclif/core'
import { loadCommands, type LoadedCommand } from '../../tools/load-commands.js'
import { readPages } from '../support/pages.js'
import { commandsOf, holdfastCommandsOf } from '../support/shell-words.js'

const pages = readPages()
const commands = await loadCommands()
const topics = new Set(commands.flatMap(({ id }) => (id.includes(' ') ? [id.split(' ')[0]] : [])))

/** What oclif itself brings, and its words. */
const ofOclif = ['help', '--help', '--version', 'autocomplete']

interface Named extends LoadedCommand {
  readonly rest: readonly string[]
}

/** The command that the arguments begin with; longer names win. */
function commandOf(argv: readonly string[]): Named | undefined {
  const candidates = commands.flatMap(({ id, command }) =>
    [id, ...command.aliases.map((alias) => alias.replaceAll(':', ' '))].map((name) => ({
      ...{ id, command },
      words: name.split(' '),
    })),
  )
  const [longest] = candidates
    .filter(({ words }) => words.every((word, index) => argv[index] === word))
    .toSorted((one, other) => other.words.length - one.words.length)
  return longest && { ...longest, rest: argv.slice(longest.words.length) }
}

const flagsOf = ({ flags, baseFlags, enableJsonFlag }: Command.Class) => ({
  ...baseFlags,
  ...flags,
  ...(enableJsonFlag ? { json: Flags.boolean() } : {}),
})

function named(argv: readonly string[]): Named {
  const found = commandOf(argv)
  if (found === undefined) throw new Error(`There is no command "holdfast ${argv.join(' ')}".`)
  return found
}

const inBlocks = pages.flatMap(({ blocks }) =>
  blocks
    .filter(({ kind }) => kind.startsWith('sh'))
    .flatMap(({ place, text }) => holdfastCommandsOf(text).map((argv) => ({ place, argv }))),
)

test.each(inBlocks.map(({ place, argv }) => [place, argv.join(' '), argv] as const))(
  '%s: holdfast %s',
  async (_, __, argv) => {
    if (ofOclif.includes(argv[0] ?? '')) return
    const { command, rest } = named(argv)

    const parsed = await Parser.parse([...rest], {
      flags: flagsOf(command),
      args: command.args,
      strict: command.strict,
    })

    expect(parsed.nonExistentFlags).toEqual([])
  },
)

/** `holdfast backup restore ID`, `holdfast up`: in sentences, where arguments may be left out. */
const inSentences = pages.flatMap(({ path, codes }) =>
  codes
    // Strings of the format begin with the same word.
    .filter(() => path !== 'docs/formats.md')
    .filter(({ text }) => /^holdfast [a-z-]/.test(text))
    .map(({ place, text }) => ({ place, text, words: commandsOf(text)[0]?.slice(1) ?? [] })),
)

test.each(inSentences.map(({ place, text, words }) => [place, text, words] as const))(
  '%s: `%s` names a command and flags that exist',
  (_, __, words) => {
    const isTopic = words.length === 1 && topics.has(words[0] ?? '')
    if (isTopic || ofOclif.includes(words[0] ?? '')) return
    const { command, rest } = named(words.filter((word) => word !== '…'))

    const known = [
      // Every command has it, from oclif.
      '--help',
      ...Object.entries(flagsOf(command)).flatMap(([name, flag]) => [
        `--${name}`,
        ...('char' in flag && flag.char !== undefined ? [`-${flag.char}`] : []),
      ]),
    ]
    const given = rest.filter((word) => word.startsWith('-')).map((word) => word.replace(/=.*$/, ''))
    expect(known).toEqual(expect.arrayContaining(given))
  },
)

test('there are commands in blocks and in sentences', () => {
  expect(inBlocks.length).toBeGreaterThan(100)
  expect(inSentences.length).toBeGreaterThan(50)
})
