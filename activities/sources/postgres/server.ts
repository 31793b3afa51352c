import type { Readable } from 'node:stream'
import { HoldfastError } from '../../../core/errors.js'
import type { PostgresSource } from '../../../schemas/sources.js'
import type { Shell } from '../../services/driver.js'
import type { SourceContext } from '../driver.js'
import type { Attempt } from '../program-failure.js'
import { databaseFailure } from './failures.js'
import { databaseArgument } from './quote.js'
import { chooseTool, findTools, type PostgresTool, type ToolName } from './tools.js'

const DEFAULT_USER = 'postgres'
/** A server that does not answer within this is down for a backup's purposes. */
const CONNECT_TIMEOUT_S = 15

/** One PostgreSQL server, as one source reaches it. */
export interface Server {
  /** For messages: `PostgreSQL in docker:shop-db`. */
  readonly name: string
  readonly facts: ServerFacts
  readonly psql: PostgresTool
  /** The database that questions about the whole server are asked in, not one of `avoided`. */
  home(avoided?: readonly string[]): string
  /** The one JSON value that a query gives. */
  ask<T>(query: Question): Promise<T>
  /** Statements without a result. They go in by stdin: they may hold secrets, and be long. */
  execute(statements: Question): Promise<void>
  /** The tool nearest to the server's version, not older than `atLeast`. Fails with `source.tool-version`. */
  tool(name: ToolName, atLeast?: number): Promise<PostgresTool>
  stream(command: ToolCommand): Readable
  run(command: ToolCommand): Promise<void>
}

export interface ServerFacts {
  readonly version: string
  readonly major: number
  readonly user: string
  readonly isSuperuser: boolean
  readonly canCreateDatabases: boolean
}

export interface Question {
  readonly database?: string
  readonly sql: string
  readonly work: string
}

export interface ToolCommand {
  readonly tool: PostgresTool
  readonly database: string
  readonly arguments: readonly string[]
  readonly stdin?: Readable | string
  /** For messages: `dumping database "orders"`. */
  readonly work: string
  readonly otherwise: Attempt['otherwise']
}

/**
 * Connects to the first of `homes` that is there and lets us in. Fails with `database.unreachable`, `database.denied`,
 * `database.not-found`, `source.tool-missing`.
 */
export async function connect(
  source: PostgresSource,
  context: SourceContext,
  homes: readonly string[],
): Promise<Server> {
  const reached = await reach(source, context)
  const psql = await anyPsql(reached)
  let firstFailure: unknown
  for (const home of homes) {
    try {
      const facts = await askFacts(reached, psql, home)
      return serverOf(reached, { psql, home, homes, facts })
    } catch (error) {
      if (!mayBeElsewhere(error)) throw error
      firstFailure ??= error
    }
  }
  throw firstFailure
}

/** A database may be missing, or closed to us, where the next one is open. A wrong password is wrong for all. */
const mayBeElsewhere = (error: unknown): boolean =>
  error instanceof HoldfastError &&
  (error.code === 'database.not-found' ||
    (error.code === 'database.denied' &&
      /permission denied|pg_hba|not currently accepting/.test(error.message)))

interface Reached {
  readonly name: string
  readonly kind: 'host' | 'service'
  readonly shell: Shell
  readonly user: string
  readonly environment: Readonly<Record<string, string>>
  readonly secrets: readonly string[]
  readonly signal: AbortSignal
}

async function reach(source: PostgresSource, context: SourceContext): Promise<Reached> {
  const user = source.user ?? DEFAULT_USER
  const password = source.password === undefined ? undefined : await context.secrets.resolve(source.password)
  const { connection } = source
  const port = connection?.port
  return {
    name: nameOf(source),
    kind: source.in === undefined ? 'host' : 'service',
    shell: context.shell(source.in),
    user,
    environment: {
      // What we recognise failures by; data is read in the encodings that the tools say themselves.
      LC_ALL: 'C',
      PGUSER: user,
      PGAPPNAME: 'holdfast',
      PGCONNECT_TIMEOUT: String(CONNECT_TIMEOUT_S),
      ...(connection === undefined ? {} : { PGHOST: connection.host }),
      ...(port === undefined ? {} : { PGPORT: String(port) }),
      ...(connection?.tls === undefined ? {} : { PGSSLMODE: connection.tls }),
      ...(password === undefined ? {} : { PGPASSWORD: password }),
    },
    secrets: password === undefined ? [] : [password],
    signal: context.signal,
  }
}

function nameOf({ in: place, connection }: PostgresSource): string {
  if (place !== undefined) return `PostgreSQL in ${place}`
  if (connection === undefined) return 'PostgreSQL on this host'
  return `PostgreSQL on ${connection.host}${connection.port === undefined ? '' : `:${connection.port}`}`
}

async function anyPsql(reached: Reached): Promise<PostgresTool> {
  const wanted = { name: 'psql', place: reached.kind, isEnough: () => true } as const
  const [psql] = await findTools(reached.shell, wanted, reached.signal)
  if (psql) return psql
  throw toolMissing(reached, 'psql')
}

const toolMissing = (reached: Reached, name: ToolName): HoldfastError =>
  new HoldfastError('source.tool-missing', `${name} was not found (${reached.shell.place}).`, {
    hint:
      reached.kind === 'service'
        ? `Take an image that holds ${name}, or leave out \`in\` and give a \`connection\`, so that the host's ${name} is used.`
        : `Install PostgreSQL's client programs: on Debian, apt-get install postgresql-client.`,
  })

const FACTS = `
  SELECT json_build_object(
    'version', split_part(current_setting('server_version'), ' ', 1),
    'major', current_setting('server_version_num')::int / 10000,
    'user', current_user,
    'isSuperuser', rolsuper,
    'canCreateDatabases', rolsuper OR rolcreatedb)
  FROM pg_catalog.pg_roles WHERE rolname = current_user`

const askFacts = (reached: Reached, psql: PostgresTool, home: string): Promise<ServerFacts> =>
  ask(reached, psql, { database: home, sql: FACTS, work: `connecting to database "${home}"` })

function serverOf(
  reached: Reached,
  connected: { psql: PostgresTool; home: string; homes: readonly string[]; facts: ServerFacts },
): Server {
  const { psql, facts } = connected
  const home = (avoided: readonly string[] = []) =>
    [connected.home, ...connected.homes].find((candidate) => !avoided.includes(candidate)) ?? connected.home
  return {
    name: reached.name,
    facts,
    psql,
    home,
    ask: (question) => ask(reached, psql, { ...question, database: question.database ?? home() }),
    execute: async ({ database = home(), sql, work }) => {
      const command: ToolCommand = {
        ...{ tool: psql, database, stdin: sql, work, otherwise: 'restore.failed' },
        arguments: [...PSQL, '--variable=VERBOSITY=terse', '--file=-'],
      }
      await shellRun(inUtf8(reached), command)
    },
    tool: async (name, atLeast = facts.major) => {
      const isEnough = ({ major }: PostgresTool) => major === atLeast
      const found = await findTools(reached.shell, { name, place: reached.kind, isEnough }, reached.signal)
      return chooseTool(found, atLeast) ?? failForWantOf(reached, { name, found, atLeast })
    },
    stream: (command) => reached.shell.stream(...shellArguments(reached, command)),
    run: async (command) => void (await shellRun(reached, command)),
  }
}

/** No start-up file, no alignment, no headers; the first error ends it; never asks for a password. */
export const PSQL = ['-X', '-A', '-t', '-q', '-w', '--variable=ON_ERROR_STOP=1'] as const

async function ask<T>(reached: Reached, psql: PostgresTool, question: Question): Promise<T> {
  const { stdout } = await shellRun(inUtf8(reached), {
    ...{ tool: psql, database: question.database ?? '', work: question.work, otherwise: 'source.failed' },
    arguments: [...PSQL, '--command', question.sql],
  })
  return JSON.parse(stdout) as T
}

/** For our own statements and names. Never for a dump: pg_dump would convert the data. */
const inUtf8 = (reached: Reached): Reached => ({
  ...reached,
  environment: { ...reached.environment, PGCLIENTENCODING: 'UTF8' },
})

const shellRun = (reached: Reached, command: ToolCommand) =>
  reached.shell.run(...shellArguments(reached, command))

function shellArguments(reached: Reached, command: ToolCommand): Parameters<Shell['run']> {
  const { tool, work, otherwise } = command
  const attempt: Attempt = {
    ...{ server: reached.name, user: reached.user, secrets: reached.secrets, work, otherwise },
    program: tool.program.split('/').at(-1) ?? tool.program,
  }
  return [
    [tool.program, ...command.arguments, databaseArgument(command.database)],
    {
      environment: reached.environment,
      signal: reached.signal,
      ...(command.stdin === undefined ? {} : { stdin: command.stdin }),
      onExit: (exit) => {
        throw databaseFailure(attempt, exit)
      },
    },
  ]
}

function failForWantOf(
  reached: Reached,
  wanted: { name: ToolName; found: readonly PostgresTool[]; atLeast: number },
): never {
  const [found] = wanted.found
  if (found === undefined) throw toolMissing(reached, wanted.name)
  throw new HoldfastError(
    'source.tool-version',
    `${wanted.name} ${found.version} (${reached.shell.place}) is too old: ${reached.name} needs version ${wanted.atLeast} or newer.`,
    {
      hint:
        reached.kind === 'host'
          ? `Install version ${wanted.atLeast} beside it (on Debian, postgresql-client-${wanted.atLeast}), or dump inside the container by \`in\`.`
          : `Take the image of the database itself, whose ${wanted.name} fits its server.`,
      details: { found: wanted.found.map(({ version }) => version), wanted: wanted.atLeast },
    },
  )
}
