import { HoldfastError, type ErrorCode } from '../../../core/errors.js'
import { failureMessage, shortened, withoutSecrets, type Attempt } from '../program-failure.js'

interface Rule {
  readonly says: RegExp
  readonly code: ErrorCode | ((attempt: Attempt) => ErrorCode)
  readonly hint: string | ((attempt: Attempt, match: RegExpExecArray) => string)
}

/** The first that matches names the failure. Tools run with LC_ALL=C: only what the server says may be in another language. */
const RULES: readonly Rule[] = [
  {
    says: /password authentication failed|no password supplied|SASL authentication failed/,
    code: 'database.denied',
    hint: ({ user }) =>
      `Check \`user\` and \`password\` of the source: a reference like { file: /run/secrets/db } to the password of "${user}".`,
  },
  {
    says: /(?:Peer|Ident) authentication failed/i,
    code: 'database.denied',
    hint: ({ user }) =>
      `This socket admits "${user}" only as the system user of that name: take the role of the worker's own user (for root: createuser --superuser root, and \`user: root\`), or give \`connection.host: localhost\` and a \`password\`.`,
  },
  {
    says: /no pg_hba\.conf entry|authentication failed|role "[^"]*" is not permitted to log in/,
    code: 'database.denied',
    hint: ({ user }) => `Allow "${user}" to connect in pg_hba.conf of the server.`,
  },
  {
    says: /FATAL: +role "([^"]*)" does not exist/,
    code: 'database.denied',
    hint: 'Correct `user` of the source, or create the role on the server.',
  },
  {
    says: /FATAL: +database "(.*)" does not exist/,
    code: 'database.not-found',
    hint: 'Correct `database` of the source.',
  },
  {
    says: /server version mismatch|unsupported version \([\d.]+\) in file header|invalid command \\(?:un)?restrict/,
    code: 'source.tool-version',
    hint: 'Install the client programs of the same version as the server.',
  },
  {
    says: /Connection refused|could not translate host name|Name or service not known|timeout expired|No route to host|Network is unreachable|server closed the connection|the database system is|terminating connection|too many clients|remaining connection slots|connection to server .* failed: No such file|could not connect to server|SSL (?:error|SYSCALL)|server does not support SSL/,
    code: 'database.unreachable',
    hint: ({ server }) => `Start it, or correct \`in\` or \`connection\` of the source: this was ${server}.`,
  },
  {
    says: /No space left on device|could not extend file|Disk quota exceeded/,
    code: ({ otherwise }) => (otherwise === 'restore.failed' ? 'restore.no-space' : 'source.no-space'),
    hint: 'Make room on the disk of the database server.',
  },
  {
    says: /lock timeout|statement timeout|is being accessed by other users|deadlock detected/,
    code: 'database.conflict',
    hint: 'Something else uses the database: try again later, or hold the services that use it.',
  },
  {
    says: /permission denied|must be (?:owner|superuser|member)|must have|only superuser/i,
    code: 'database.denied',
    hint: ({ user, otherwise }) =>
      otherwise === 'restore.failed'
        ? `Let "${user}" be a superuser, or give it CREATEDB and make it a member of the owner's role.`
        : `Allow "${user}" to read everything: GRANT pg_read_all_data TO the role, or take a superuser.`,
  },
  {
    says: /role "([^"]*)" does not exist/,
    code: 'restore.failed',
    hint: (_, [, role]) => `Create the role "${role}" on the server, then restore again.`,
  },
  {
    says: /extension "([^"]*)" is not available/,
    code: 'restore.failed',
    hint: (_, [, extension]) => `Install the extension "${extension}" on the server, then restore again.`,
  },
]

/** What a tool's last words mean. The message holds a short piece of them: never data, statements or secrets. */
export function databaseFailure(attempt: Attempt, exit: { code: number; stderr: string }): HoldfastError {
  const excerpt = excerptOf(exit.stderr, attempt.secrets)
  const rule = RULES.find(({ says }) => says.test(exit.stderr))
  const message = failureMessage(attempt, excerpt, exit.code)
  const match = rule?.says.exec(exit.stderr)
  if (rule && match) {
    const hint = typeof rule.hint === 'string' ? rule.hint : rule.hint(attempt, match)
    return new HoldfastError(typeof rule.code === 'string' ? rule.code : rule.code(attempt), message, {
      hint,
    })
  }
  // psql says 2 when the connection is lost or was never made.
  const code = attempt.program === 'psql' && exit.code === 2 ? 'database.unreachable' : attempt.otherwise
  return new HoldfastError(code, message, { hint: 'Look into the log of the database server.' })
}

/** The first line that tells an error. Later lines repeat statements and rows, which are none of a log's business. */
export function excerptOf(stderr: string, secrets: readonly string[]): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim())
  const telling =
    lines.find((line) => /(?:error|fatal|panic):/i.test(line)) ?? lines.find((line) => line !== '')
  if (telling === undefined) return undefined
  const words = telling.replace(/^(?:psql|pg_\w+)(?::<stdin>:\d+)?: (?:error: )?/, '').replace(/\.$/, '')
  return shortened(
    withoutSecrets(words, secrets).replaceAll(
      /SCRAM-SHA-256\$\S+|md5[0-9a-f]{32}|(?<=PASSWORD )'[^']*'?/gi,
      '***',
    ),
  )
}
