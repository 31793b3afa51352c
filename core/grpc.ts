import { causesOf } from './causes.js'

/**
 * Numbers that Temporal's answers carry: imported from the package they would cost every command its loading.
 * Source: https://grpc.io/docs/guides/status-codes/
 */
export const grpc = {
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  resourceExhausted: 8,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** The client's errors carry the code, or wrap one that does; undefined: not what a server has answered. */
export function grpcCodeOf(thrown: unknown): number | undefined {
  const codes = causesOf(thrown).map((cause) => (cause as { code?: unknown }).code)
  return codes.find((code) => typeof code === 'number')
}
