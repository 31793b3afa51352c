import type { Readable } from 'node:stream'
import { HoldfastError } from '../../../core/errors.js'
import type { MysqlSource } from '../../../schemas/sources.js'
import type { Shell } from '../../services/driver.js'
import type { SourceContext } from '../driver.js'
import type { Attempt } from '../program-failure.js'
import { connectionArguments } from './connection.js'
import { databaseFailure } from './failures.js'
import { findTools, type Flavour, type MysqlTool } from './tools.js'

const DEFAULT_USER = 'root'

/** One MySQL or MariaDB server, as one source reaches it. */
export interface Server {
  /** For messages: `MariaDB in docker:shop-db`. */
  readonly name: string
  readonly facts: ServerFacts
  /** The rows that a query gives, NULL as the text. It goes in by stdin. */
  rows(query: { sql: string; work: string }): Promise<string[][]>
  /** Statements without a result. Fails with `restore.failed` when nothing better is known. */
  execute(statements: { sql: string; work: string }): Promise<void>
  /** Runs SQL text in a database as it comes. */
  load(database: string, text: Readable, work: string): Promise<void>
  /** The dump program of the server's own family. Fails with `source.tool-missing`. */
  dumpTool(): Promise<MysqlTool>
  dump(tool: MysqlTool, argv: readonly string[], work: string): Readable
}

export interface ServerFacts {
  readonly version: string
  readonly flavour: Flavour
  /** The account that the server took us for: `backup@%`. */
  readonly account: string
}

interface Reached {
  readonly name: string
  readonly source: MysqlSource
  readonly shell: Shell
  readonly user: string
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly signal: AbortSignal
}

/** Connects and asks the server what it is. Fails with `database.unreachable`, `database.denied`, `source.tool-missing`. */
export async function connect(source: MysqlSource, context: SourceContext): Promise<Server> {
  const reached = await reach(source, context)
  const [client] = await findTools(reached.shell, 'client', reached.signal)
  if (client === undefined) throw toolMissing(reached, 'mariadb or mysql')
  const [row] = await ask(reached, client, {
    sql: 'SELECT VERSION(), CURRENT_USER()',
    work: 'connecting',
  })
  const [version = '', account = ''] = row ?? []
  const flavour = /mariadb/i.test(version) ? 'MariaDB' : 'MySQL'
  return serverOf({ ...reached, name: nameOf(source, flavour) }, client, { version, flavour, account })
}

async function reach(source: MysqlSource, context: SourceContext): Promise<Reached> {
  const password = source.password === undefined ? undefined : await context.secrets.resolve(source.password)
  return {
    name: nameOf(source, 'MySQL'),
    source,
    shell: context.shell(source.in),
    user: source.user ?? DEFAULT_USER,
    // What we recognise failures by.
    environment: { LC_ALL: 'C', ...(password === undefined ? {} : { MYSQL_PWD: password }) },
    secrets: password === undefined ? [] : [password],
    signal: context.signal,
  }
}

function nameOf({ in: place, connection }: MysqlSource, flavour: Flavour): string {
  if (place !== undefined) return `${flavour} in ${place}`
  if (connection === undefined) return `${flavour} on this host`
  return `${flavour} on ${connection.host}${connection.port === undefined ? '' : `:${connection.port}`}`
}

function serverOf(reached: Reached, client: MysqlTool, facts: ServerFacts): Server {
  return {
    name: reached.name,
    facts,
    rows: (query) => ask(reached, client, query),
    execute: async ({ sql, work }) => {
      const command = { argv: [...CLIENT], stdin: sql, work, otherwise: 'restore.failed' } as const
      await reached.shell.run(...shellArguments(reached, client, command))
    },
    load: async (database, text, work) => {
      // Binary: of the client's own commands only DELIMITER is left, and bytes stay as they are.
      const argv = [...CLIENT, '--binary-mode', `--max-allowed-packet=${PACKET}`, `--database=${database}`]
      const command = { argv, stdin: text, work, otherwise: 'restore.failed' } as const
      await reached.shell.run(...shellArguments(reached, client, command))
    },
    dumpTool: async () => {
      const found = await findTools(reached.shell, 'dump', reached.signal)
      const fitting = found.find(({ flavour }) => flavour === facts.flavour)
      if (fitting) return fitting
      throw toolMissing(reached, facts.flavour === 'MariaDB' ? 'mariadb-dump' : "MySQL's mysqldump")
    },
    dump: (tool, argv, work) =>
      reached.shell.stream(
        ...shellArguments(reached, tool, {
          argv: [`--max-allowed-packet=${PACKET}`, ...argv],
          ...{ work, otherwise: 'source.failed' },
        }),
      ),
  }
}

/** The most that the protocol takes: the default of the programs would refuse rows that the server holds. */
const PACKET = '1G'
/** A server that does not answer within this is down for a backup's purposes. */
const CONNECT_TIMEOUT_S = 15
/** Tabs between columns, what is special escaped; the first error ends it. */
const CLIENT = [
  ...['--batch', '--skip-column-names', '--default-character-set=utf8mb4'],
  `--connect-timeout=${CONNECT_TIMEOUT_S}`,
] as const

async function ask(
  reached: Reached,
  client: MysqlTool,
  { sql, work }: { sql: string; work: string },
): Promise<string[][]> {
  const command = { argv: [...CLIENT], stdin: `${sql};`, work, otherwise: 'source.failed' } as const
  const { stdout } = await reached.shell.run(...shellArguments(reached, client, command))
  return parseRows(stdout)
}

/** What `--batch` prints. Pure. */
export const parseRows = (printed: string): string[][] =>
  printed
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t').map(unescaped))

const ESCAPED: Readonly<Record<string, string>> = { t: '\t', n: '\n', '0': '\0' }
const unescaped = (text: string): string =>
  text.replaceAll(/\\(.)/g, (_, character: string) => ESCAPED[character] ?? character)

function shellArguments(
  reached: Reached,
  tool: MysqlTool,
  command: {
    argv: readonly string[]
    stdin?: Readable | string
    work: string
    otherwise: Attempt['otherwise']
  },
): Parameters<Shell['run']> {
  const { stdin, work, otherwise } = command
  const { name: server, user, secrets } = reached
  return [
    [tool.program, ...connectionArguments(reached.source, user, tool.flavour), ...command.argv],
    {
      environment: reached.environment,
      signal: reached.signal,
      ...(stdin === undefined ? {} : { stdin }),
      onExit: (exit) => {
        throw databaseFailure({ server, user, secrets, program: tool.program, work, otherwise }, exit)
      },
    },
  ]
}

const toolMissing = ({ shell, source }: Reached, name: string): HoldfastError =>
  new HoldfastError('source.tool-missing', `${name} was not found (${shell.place}).`, {
    hint:
      source.in !== undefined
        ? `Take an image that holds it, or leave out \`in\` and give a \`connection\`, so that the host's is used.`
        : `Install the client programs of the server's own family: on Debian, apt-get install mariadb-client.`,
  })
