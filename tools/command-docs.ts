import { Config, type Command } from '@oclif/core'
import { join } from 'node:path'
import { exitCodes } from '../cli/exit-code.js'
import { loadCommands, type LoadedCommand } from './load-commands.js'

const root = join(import.meta.dirname, '..')

/** Text of docs/commands.md, from what the commands say of themselves. */
export async function commandDocs(): Promise<string> {
  const config = await Config.load({ root, ignoreManifest: true })
  const commands = (await loadCommands()).filter(({ command }) => command.hidden !== true)
  const topics = (config.pjson.oclif.topics ?? {}) as Record<
    string,
    { description?: string; hidden?: boolean }
  >
  const described = Object.entries(topics).filter(([, { hidden }]) => hidden !== true)
  const own = commands.filter(({ id }) => !id.includes(' '))
  return [
    '# Commands',
    'Made from the commands themselves by `npm run generate`. Each has `--help` with the same and more.',
    commonSection(commands),
    exitCodeSection(),
    '## This machine',
    ...own.map(commandSection),
    ...described.map(([name, { description = '' }]) =>
      [
        `## ${name}\n\n${description}`,
        ...commands.filter(({ id }) => id.startsWith(`${name} `)).map(commandSection),
      ].join('\n\n'),
    ),
  ]
    .join('\n\n')
    .concat('\n')
}

function commonSection([first]: readonly LoadedCommand[]): string {
  const flags = Object.entries(first?.command.baseFlags ?? {}).map(flagRow)
  return [
    '## All commands',
    [
      '- `--json` prints one JSON value on stdout; failures are `{ "error": { "code", "kind", "message", "hint" } }`.',
      ...flags.map((row) => `- ${row}`),
      '- Only data goes to stdout; progress goes to stderr, as plain lines where that is no terminal. `NO_COLOR` is honoured.',
      '- What destroys or replaces something asks. Without a terminal it refuses unless `--yes`.',
    ].join('\n'),
  ].join('\n\n')
}

const MEANINGS: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'all is well',
  found: 'a check found something (`status`)',
  input: 'a plan, a flag or a request is wrong',
  missing: 'the named thing is not there',
  denied: 'credentials or rights',
  conflict: 'somebody else holds it',
  unavailable: 'network, daemon, a failing program',
  capacity: 'disk or quota is full',
  corrupt: 'bytes differ from what was recorded',
  notGood: 'a backup exists but is not good, a copy is missing, or a service is not well',
  bug: 'a fault of Holdfast; the details are in the file that the message names',
  cancelled: 'cancelled, interrupted, or a question answered with no; a run that was left goes on',
}

const exitCodeSection = (): string =>
  [
    '## Exit codes',
    [
      '| code | means |',
      '| --- | --- |',
      ...Object.entries(exitCodes).map(
        ([name, code]) => `| ${code} | ${MEANINGS[name as keyof typeof exitCodes]} |`,
      ),
    ].join('\n'),
  ].join('\n\n')

function commandSection({ id, command }: LoadedCommand): string {
  const args = Object.entries(command.args ?? {})
  const usage = args.map(([name, { required }]) =>
    required === true ? name.toUpperCase() : `[${name.toUpperCase()}]`,
  )
  const rows = [
    ...args.map(([name, { description }]) => `- \`${name.toUpperCase()}\` ${description ?? ''}`),
    ...Object.entries(command.flags ?? {}).map((flag) => `- ${flagRow(flag)}`),
  ]
  const examples = (command.examples ?? []).map((example) =>
    (typeof example === 'string' ? example : example.command).replaceAll('<%= config.bin %>', 'holdfast'),
  )
  return [
    `### holdfast ${[id, ...usage].join(' ')}`,
    command.summary ?? '',
    ...(command.description === undefined ? [] : [command.description]),
    ...(rows.length === 0 ? [] : [rows.join('\n')]),
    ['```sh', ...examples, '```'].join('\n'),
  ].join('\n\n')
}

function flagRow([name, flag]: [string, Command.Flag.Any | { type?: string }]): string {
  const { char, description, type, helpValue, options } = flag as {
    char?: string
    description?: string
    type?: string
    helpValue?: string
    options?: readonly string[]
  }
  const value = type === 'boolean' ? '' : ` ${options?.join('|') ?? helpValue ?? 'VALUE'}`
  return `\`${char === undefined ? '' : `-${char}, `}--${name}${value}\` ${description ?? ''}`
}
