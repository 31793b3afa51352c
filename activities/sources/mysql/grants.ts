import type { Flavour } from './tools.js'

/** What the dump of a database reads: without SHOW VIEW, TRIGGER or EVENT it would lack them without a word. */
const TO_DUMP = ['SELECT', 'SHOW VIEW', 'TRIGGER', 'EVENT'] as const

/** What making a database from a dump needs. */
const TO_RESTORE = [
  ...['SELECT', 'INSERT', 'CREATE', 'DROP', 'REFERENCES', 'INDEX', 'ALTER', 'LOCK TABLES'],
  ...['CREATE VIEW', 'SHOW VIEW', 'CREATE ROUTINE', 'ALTER ROUTINE', 'TRIGGER', 'EVENT'],
] as const

/** One right that an account lacks, as GRANT writes it: `SHOW VIEW` on `` `shop`.* ``. */
export interface MissingRight {
  readonly privilege: string
  readonly scope: string
}

/**
 * The rights that a dump needs and `SHOW GRANTS` does not show. `all` takes them for the whole server: of databases that an
 * account may not see, the server says nothing at all. Pure.
 */
export function missingToDump(
  grants: readonly string[],
  { databases, flavour }: { databases: readonly string[] | 'all'; flavour: Flavour },
): readonly MissingRight[] {
  const held = grants.flatMap(parseGrant)
  const inDatabases =
    databases === 'all'
      ? lackingOn(held, '*', TO_DUMP)
      : databases.flatMap((database) => lackingOn(held, database, TO_DUMP))
  return [...inDatabases, ...lackingForRoutines(held, flavour)]
}

export const missingToRestore = (
  grants: readonly string[],
  databases: readonly string[],
): readonly MissingRight[] => {
  const held = grants.flatMap(parseGrant)
  return databases.flatMap((database) => lackingOn(held, database, TO_RESTORE))
}

/** The statements that give what is missing, to be run by an administrator. */
export function grantStatements(missing: readonly MissingRight[], account: string): string {
  const scopes = [...new Set(missing.map(({ scope }) => scope))]
  return scopes
    .map((scope) => {
      const privileges = missing.filter((right) => right.scope === scope).map(({ privilege }) => privilege)
      return `GRANT ${privileges.join(', ')} ON ${scope} TO ${accountInSql(account)};`
    })
    .join(' ')
}

/** Whose routines a dump may read: others' are left out of it without a word. */
function lackingForRoutines(held: readonly Held[], flavour: Flavour): MissingRight[] {
  if (flavour === 'MySQL') {
    const may = ['SELECT', 'SHOW_ROUTINE'].some((privilege) => has(held, '*', privilege))
    return may ? [] : [{ privilege: 'SHOW_ROUTINE', scope: '*.*' }]
  }
  const may = has(held, 'mysql', 'SELECT') || held.some(({ scope }) => scope === '`mysql`.`proc`')
  return may ? [] : [{ privilege: 'SELECT', scope: '`mysql`.`proc`' }]
}

const lackingOn = (
  held: readonly Held[],
  database: string,
  privileges: readonly string[],
): readonly MissingRight[] =>
  privileges
    .filter((privilege) => !has(held, database, privilege))
    .map((privilege) => ({
      privilege,
      scope: database === '*' ? '*.*' : `\`${asPattern(database)}\`.*`,
    }))

interface Held {
  readonly privileges: ReadonlySet<string>
  readonly scope: string
  /** The databases that the scope covers whole; undefined: of one table or routine. */
  readonly covers: ((database: string) => boolean) | undefined
}

const has = (held: readonly Held[], database: string, privilege: string): boolean =>
  held.some(
    ({ privileges, covers }) =>
      covers?.(database) === true && (privileges.has(privilege) || privileges.has('ALL PRIVILEGES')),
  )

const GRANT = /^GRANT (.+?) ON (\*\.\*|`(?:[^`]|``)*`\.(?:\*|`(?:[^`]|``)*`)) TO /

function parseGrant(line: string): Held[] {
  const [, privileges, scope] = GRANT.exec(line) ?? []
  // A role that was given, a proxy, a routine: none of the rights that count here.
  if (privileges === undefined || scope === undefined) return []
  return [{ privileges: new Set(privileges.split(', ')), scope, covers: coverageOf(scope) }]
}

function coverageOf(scope: string): Held['covers'] {
  if (scope === '*.*') return () => true
  if (!scope.endsWith('.*')) return undefined
  const pattern = likePattern(scope.slice(1, -3).replaceAll('``', '`'))
  return (database) => database !== '*' && pattern.test(database)
}

/** In a GRANT, `%` and `_` of a database's name are wildcards, unless escaped. */
function likePattern(text: string): RegExp {
  const parts = [...text.matchAll(/\\(.)|([\s\S])/gu)].map(([, escaped, plain = '']) =>
    escaped === undefined && plain === '%'
      ? '.*'
      : escaped === undefined && plain === '_'
        ? '.'
        : (escaped ?? plain).replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`),
  )
  return new RegExp(`^${parts.join('')}$`, 'su')
}

const asPattern = (database: string): string =>
  database.replaceAll(/[%_\\]/g, String.raw`\$&`).replaceAll('`', '``')

/** `backup@%` → `'backup'@'%'`. The host has no @. */
function accountInSql(account: string): string {
  const at = account.lastIndexOf('@')
  return [account.slice(0, at), account.slice(at + 1)]
    .map((part) => `'${part.replaceAll("'", "''")}'`)
    .join('@')
}
