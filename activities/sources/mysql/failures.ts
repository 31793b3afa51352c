import { HoldfastError, type ErrorCode } from '../../../core/errors.js'
import { failureMessage, shortened, withoutSecrets, type Attempt } from '../program-failure.js'

interface Rule {
  readonly says: RegExp
  readonly code: ErrorCode
  readonly hint: (attempt: Attempt) => string
}

/** By number where there is one: the server may speak another language. The first that matches names the failure. */
const RULES: readonly Rule[] = [
  {
    says: /\b(?:1045|1698)\b|Access denied for user '[^']*'@'[^']*' \(using password/,
    code: 'database.denied',
    hint: ({ user }) =>
      `Check \`user\` and \`password\` of the source, and that the server has an account for "${user}" from this host.`,
  },
  {
    says: /\b(?:1130|1129)\b/,
    code: 'database.denied',
    hint: ({ user }) => `Make an account for "${user}" that may connect from this host.`,
  },
  { says: /\b1049\b/, code: 'database.not-found', hint: () => 'Correct `database` of the source.' },
  {
    says: /max_allowed_packet/,
    code: 'restore.failed',
    hint: () =>
      'A row is longer than the server takes: raise max_allowed_packet there to 1G, then try again.',
  },
  {
    says: /\b(?:2002|2003|2005|2006|2013|2026|1040|1053|2055)\b/,
    code: 'database.unreachable',
    hint: ({ server }) => `Start it, or correct \`in\` or \`connection\` of the source: this was ${server}.`,
  },
  {
    says: /\b(?:1205|1213|1412)\b/,
    code: 'database.conflict',
    hint: () => 'Something else changes the tables: try again later, or hold the services that use them.',
  },
  {
    says: /\b(?:1044|1142|1143|1227|1370|1419)\b/,
    code: 'database.denied',
    hint: ({ otherwise, user }) =>
      otherwise === 'restore.failed'
        ? `Restore as an administrator: views, triggers and routines belong to other accounts than "${user}".`
        : `Give "${user}" the rights that docs/plans.md names.`,
  },
]

/** What a program's last words mean. The message holds a short piece of them: never secrets, seldom data. */
export function databaseFailure(attempt: Attempt, exit: { code: number; stderr: string }): HoldfastError {
  const excerpt = excerptOf(exit.stderr, attempt.secrets)
  const rule = excerpt === undefined ? undefined : RULES.find(({ says }) => says.test(excerpt))
  return new HoldfastError(rule?.code ?? attempt.otherwise, failureMessage(attempt, excerpt, exit.code), {
    hint: rule?.hint(attempt) ?? 'Look into the log of the database server.',
  })
}

/** The first line that tells an error. The client repeats statements beside it, which are none of a log's business. */
function excerptOf(stderr: string, secrets: readonly string[]): string | undefined {
  const lines = stderr.split('\n').map((line) => line.trim())
  const telling = lines.find((line) => /^ERROR\b|: (?:Got )?err(?:or|no)\b|: Couldn't/i.test(line))
  if (telling === undefined) return undefined
  const words = telling.replace(/^(?:mariadb|mysql)(?:-?dump)?: /, '').replace(/\.$/, '')
  return shortened(withoutSecrets(words, secrets))
}
