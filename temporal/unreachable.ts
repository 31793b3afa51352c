import { HoldfastError } from '../core/errors.js'
import { grpc, grpcCodeOf } from '../core/grpc.js'

interface Target {
  readonly kind: 'embedded' | 'external'
  readonly address: string
  readonly namespace: string
}

/** Turns what gRPC says into what a person can act on. */
export function failureToConnect(target: Target, cause: unknown): HoldfastError {
  const code = grpcCodeOf(cause)
  if (code === grpc.notFound) return namespaceMissing(target, cause)
  if (code === grpc.permissionDenied || code === grpc.unauthenticated) return denied(target, cause)
  return new HoldfastError('temporal.unreachable', `Temporal at ${target.address} does not answer.`, {
    hint:
      target.kind === 'embedded'
        ? 'The agent may be restarting it: look at `holdfast status`, else run `holdfast down` and `holdfast up`.'
        : 'Check `temporal.address` and `temporal.tls` in holdfast.yaml, and that the server runs and can be reached from here.',
    cause,
  })
}

const namespaceMissing = ({ address, namespace }: Target, cause: unknown) =>
  new HoldfastError('temporal.namespace-missing', `Temporal at ${address} has no namespace "${namespace}".`, {
    hint: `Create it (\`temporal operator namespace create --namespace ${namespace} --retention 30d\`), or correct \`temporal.namespace\` in holdfast.yaml.`,
    cause,
  })

const denied = ({ address, namespace }: Target, cause: unknown) =>
  new HoldfastError(
    'temporal.denied',
    `Temporal at ${address} refused the credentials for namespace "${namespace}".`,
    {
      hint: 'Check `temporal.apiKey` or `temporal.tls` in holdfast.yaml, and their rights there.',
      cause,
    },
  )

/** Of an address `host:port`. */
export const isLoopback = (address: string): boolean =>
  /^(127\.[0-9.]+|localhost|\[::1\])(:[0-9]+)?$/.test(address)
