import type { ObjectInfo } from '../driver.js'

/** The page for authors is `docs/plugins.md`. */
export const PROTOCOL_VERSION = 1
export const MAX_LINE_BYTES = 64 * 1024
/** A plugin may take a chunk into memory at once; we send smaller ones. */
export const MAX_CHUNK_BYTES = 16 * 1024 * 1024

export type Operation = 'create' | 'put' | 'get' | 'list' | 'stat' | 'delete' | 'free'

/** The first line that a plugin reads. */
export interface Request {
  readonly operation: Operation
  readonly object?: string
  readonly prefix?: string
  readonly offset?: number
  readonly length?: number
}

export const ERROR_CODES = [
  'exists',
  'not-found',
  'no-place',
  'denied',
  'full',
  'unavailable',
  'invalid',
  'unsupported',
] as const
export type PluginErrorCode = (typeof ERROR_CODES)[number]

/** A line that a plugin writes. */
export type Reply =
  | { readonly is: 'bytes'; readonly length: number }
  | { readonly is: 'object'; readonly object: ObjectInfo }
  | { readonly is: 'working' }
  | { readonly is: 'done'; readonly value: Readonly<Record<string, unknown>> | null }
  | { readonly is: 'error'; readonly code: PluginErrorCode | undefined; readonly message: string }

/** Undefined for what is no line of the protocol. */
export function parseReply(line: string): Reply | undefined {
  if (/^\d{1,9}$/.test(line)) {
    const length = Number(line)
    return length <= MAX_CHUNK_BYTES ? { is: 'bytes', length } : undefined
  }
  const value = parseObject(line)
  if (!value) return undefined
  if (value['working'] === true) return { is: 'working' }
  if (isRecord(value['object'])) {
    const object = infoOf(value['object']['name'], value['object'])
    return object && { is: 'object', object }
  }
  if (isRecord(value['error'])) return errorOf(value['error'])
  if (value['done'] === null || isRecord(value['done'])) return { is: 'done', value: value['done'] }
  return undefined
}

/** Undefined when it lacks what a store must tell of an object. */
export function infoOf(name: unknown, value: Readonly<Record<string, unknown>>): ObjectInfo | undefined {
  const { bytes, modifiedAt: text } = value
  if (typeof name !== 'string' || !isCount(bytes) || typeof text !== 'string') return undefined
  const modifiedAt = new Date(text)
  return Number.isNaN(modifiedAt.getTime()) ? undefined : { name, bytes, modifiedAt }
}

export const isCount = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0

function errorOf({ code, message }: Readonly<Record<string, unknown>>): Reply | undefined {
  if (typeof message !== 'string') return undefined
  return { is: 'error', code: ERROR_CODES.find((known) => known === code), message }
}

function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
