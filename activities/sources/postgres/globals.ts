import type { Readable } from 'node:stream'
import { HoldfastError } from '../../../core/errors.js'

/** Roles, not data: a server with 50,000 of them fits. What is bigger is not what pg_dumpall writes. */
const MAX_GLOBALS_BYTES = 32 * 1024 * 1024

export async function readGlobalsText(body: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_GLOBALS_BYTES) {
      throw new HoldfastError('restore.failed', 'The recorded roles are more than 32 MiB.', {
        hint: 'Restore globals.sql by hand with psql, then each database by its own.',
      })
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const NAME = String.raw`("(?:[^"]|"")*"|[^\s";]+)`
const ROLE_STATEMENT = new RegExp(String.raw`^(?:CREATE ROLE|ALTER ROLE|COMMENT ON ROLE) ${NAME}[\s;]`)
const MEMBERSHIP = new RegExp(String.raw`^GRANT ${NAME} TO ${NAME}[\s;]`)
const CREATION = new RegExp(String.raw`^CREATE ROLE ${NAME}[\s;]`)

/** Every role that the globals create. */
export const rolesIn = (globals: string): string[] =>
  statementsIn(globals).flatMap((statement) => {
    const [, name] = CREATION.exec(statement) ?? []
    return name === undefined ? [] : [plainName(name)]
  })

/**
 * The statements about roles that are not there yet: how each is made, its settings and its memberships. Existing roles
 * stay as they are, whatever was recorded of them; tablespaces need folders and stay out.
 */
export function statementsForMissingRoles(globals: string, existing: ReadonlySet<string>): string[] {
  return statementsIn(globals).filter((statement) => {
    const [, name] = ROLE_STATEMENT.exec(statement) ?? []
    const [, , member] = MEMBERSHIP.exec(statement) ?? []
    const subject = name ?? member
    return subject !== undefined && !existing.has(plainName(subject))
  })
}

const plainName = (name: string): string =>
  name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name

/** A quoted text or name; a comment; a psql command; the end of a statement. In this order, as none begins inside another. */
const TOKEN = /E'(?:[^'\\]|\\[\s\S]|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|^\\[^\n]*|;/gm

/** SQL text in single statements, without comments and psql's commands. */
function statementsIn(sql: string): string[] {
  const statements: string[] = []
  let current = ''
  let after = 0
  for (const { 0: token, index } of sql.matchAll(TOKEN)) {
    current += sql.slice(after, index)
    after = index + token.length
    if (token.startsWith('--') || token.startsWith('\\')) continue
    current += token
    if (token !== ';') continue
    statements.push(current.trim())
    current = ''
  }
  return statements
}
