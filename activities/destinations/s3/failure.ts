/** What the library throws, seen without it: `name` is the code that the store gave. */
interface StoreError {
  readonly name?: string
  readonly code?: string
  readonly Region?: string
  readonly $metadata?: { readonly httpStatusCode?: number }
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> }
}

export const statusOf = (error: unknown): number | undefined =>
  (error as StoreError | undefined)?.$metadata?.httpStatusCode

/** `NoSuchKey`, `ECONNREFUSED`: whichever says more. */
export function codeOf(error: unknown): string {
  const { code, name } = (error ?? {}) as StoreError
  // Faults of the connection have a code; their name is only `Error`.
  return typeof code === 'string' && code !== '' ? code : (name ?? '')
}

/** An answer to HEAD has no body, and so no code: only its status. */
export const isAbsent = (error: unknown): boolean => ['NotFound', 'NoSuchKey'].includes(codeOf(error))

/** Somebody has the name already. */
export const isTaken = (error: unknown): boolean =>
  statusOf(error) === 412 || codeOf(error) === 'ConditionalRequestConflict'

/** The store does not know `If-None-Match` there. */
export const isNotImplemented = (error: unknown): boolean => statusOf(error) === 501

/** It was finished already, or never there. */
export const isUploadGone = (error: unknown): boolean => codeOf(error) === 'NoSuchUpload'

/** The store has another part under a number than the one that an upload shall be finished from. */
export const isPartReplaced = (error: unknown): boolean => codeOf(error) === 'InvalidPart'

/** The region in which the store says that the bucket is. */
export function regionOf(error: unknown): string | undefined {
  const { Region, $response } = (error ?? {}) as StoreError
  const region = Region ?? $response?.headers?.['x-amz-bucket-region']
  return region !== undefined && /^[a-z0-9-]{1,63}$/.test(region) ? region : undefined
}

/** Bytes that were damaged on the way, and what may be better the next time; not what the store refuses for good. */
export function isWorthRepeating(error: unknown): boolean {
  const status = statusOf(error)
  if (DAMAGED_ON_THE_WAY.has(codeOf(error))) return true
  return status === undefined ? CONNECTION_FAULTS.has(codeOf(error)) : status >= 500 || status === 429
}

export const CONNECTION_FAULTS: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNREFUSED',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'TimeoutError',
])

export const DAMAGED_ON_THE_WAY: ReadonlySet<string> = new Set([
  'XAmzContentSHA256Mismatch',
  'BadDigest',
  'InvalidDigest',
  'IncompleteBody',
  'RequestTimeout',
])
