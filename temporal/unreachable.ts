import { HoldfastError } from '../core/errors.js'

/** Numbers of gRPC, https://grpc.io/docs/guides/status-codes/: imported from the package they would cost every command its loading. */
const NOT_FOUND = 5
const PERMISSION_DENIED = 7
const UNAUTHENTICATED = 16

interface Target {
  readonly kind: 'embedded' | 'external'
  readonly address: string
  readonly namespace: string
}

/** Turns what gRPC says into what a person can act on. */
export function failureToConnect(target: Target, cause: unknown): HoldfastError {
  switch (grpcCodeOf(cause)) {
    case NOT_FOUND:
      return new HoldfastError(
        'temporal.namespace-missing',
        `Temporal at ${target.address} has no namespace "${target.namespace}".`,
        {
          hint: `Create it (\`temporal operator namespace create --namespace ${target.namespace} --retention 30d\`), or correct \`temporal.namespace\` in holdfast.yaml.`,
          cause,
        },
      )
    case PERMISSION_DENIED:
    case UNAUTHENTICATED:
      return new HoldfastError(
        'temporal.denied',
        `Temporal at ${target.address} refused the credentials for namespace "${target.namespace}".`,
        {
          hint: 'Check `temporal.apiKey` or `temporal.tls` in holdfast.yaml, and their rights there.',
          cause,
        },
      )
    default:
      return new HoldfastError('temporal.unreachable', `Temporal at ${target.address} does not answer.`, {
        hint:
          target.kind === 'embedded'
            ? 'The agent may be restarting it: look at `holdfast status`, else run `holdfast down` and `holdfast up`.'
            : 'Check `temporal.address` and `temporal.tls` in holdfast.yaml, and that the server runs and can be reached from here.',
        cause,
      })
  }
}

/** The client's errors carry the code; those of the worker wrap it in a text. */
function grpcCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  return typeof code === 'number' ? code : grpcCodeOf(cause)
}

/** Of an address `host:port`. */
export const isLoopback = (address: string): boolean =>
  /^(127\.[0-9.]+|localhost|\[::1\])(:[0-9]+)?$/.test(address)
