import type { Client, ConnectionOptions } from '@temporalio/client'
import type { NativeConnection } from '@temporalio/worker'
import type { ConfigSecret } from '../schemas/common.js'
import { HoldfastError } from '../core/errors.js'
import type { Site } from '../core/site.js'
import { readLiveAgent } from './agent-state.js'
import { failureToConnect, isLoopback } from './unreachable.js'

export const DEFAULT_NAMESPACE = 'holdfast'

/** A person waits for the answer of a command; a server that is there answers within milliseconds. */
const CONNECT_TIMEOUT_MS = 5000

export interface ConnectOptions {
  /** Resolves references to secrets, of the API key and of certificates. */
  readonly resolveSecret: (reference: ConfigSecret) => Promise<string>
  /** Default: 5 seconds. */
  readonly timeoutMs?: number
  /**
   * False: a call that fails has failed, and a server that refuses connections is away at once. For who asks with a limit of
   * time: a call that waits to be tried again cannot be aborted. Default: the client tries again what may be better a moment
   * later, for up to half a minute, and a server that is just starting is waited for.
   */
  readonly retries?: boolean
}

export interface ClientConnection {
  readonly client: Client
  readonly address: string
  readonly namespace: string
  readonly close: () => Promise<void>
}

export interface WorkerConnection {
  readonly connection: NativeConnection
  readonly address: string
  readonly namespace: string
  readonly close: () => Promise<void>
}

/** Where Temporal is, and how to speak to it. */
export interface TemporalTarget {
  readonly kind: 'embedded' | 'external'
  readonly address: string
  readonly namespace: string
  readonly tls?: ConnectionOptions['tls']
  readonly apiKey?: string
}

/**
 * A client whose namespace has answered. Fails within seconds: `temporal.unreachable` with what to start or check,
 * `temporal.denied`, `temporal.namespace-missing`.
 */
export async function connectClient(site: Site, options: ConnectOptions): Promise<ClientConnection> {
  return connectClientTo(await temporalTarget(site, options), options)
}

export async function connectClientTo(
  target: TemporalTarget,
  { timeoutMs = CONNECT_TIMEOUT_MS, retries: hasRetries = true }: Omit<ConnectOptions, 'resolveSecret'>,
): Promise<ClientConnection> {
  const [{ Client, Connection }, { createRetries }] = await Promise.all([
    import('@temporalio/client'),
    import('./retries.js'),
  ])
  await askForNamespace(target, { timeoutMs, waits: hasRetries })
  const retries = hasRetries ? createRetries() : undefined
  const interceptors = retries === undefined ? [] : [retries.interceptor]
  const connection = Connection.lazy({ ...optionsOf(target), interceptors })
  const client = new Client({ connection, namespace: target.namespace })
  return {
    ...{ client, address: target.address, namespace: target.namespace },
    close: async () => {
      await retries?.end()
      await connection.close()
    },
  }
}

/** The same for workers. Loads the worker's native part: never called by commands that only ask. */
export async function connectWorker(site: Site, options: ConnectOptions): Promise<WorkerConnection> {
  const target = await temporalTarget(site, options)
  const timeoutMs = options.timeoutMs ?? CONNECT_TIMEOUT_MS
  // The client's errors are the better ones, and it honours a time limit; the native connection follows where it went.
  await askForNamespace(target, { timeoutMs, waits: true })
  const { NativeConnection } = await import('@temporalio/worker')
  try {
    const connection = await NativeConnection.connect({ address: target.address, ...securityOf(target) })
    return {
      connection,
      address: target.address,
      namespace: target.namespace,
      close: () => connection.close(),
    }
  } catch (error) {
    throw failureToConnect(target, error)
  }
}

/** Fails with `temporal.unreachable` when the embedded server is meant and no agent runs. */
export async function temporalTarget(site: Site, options: ConnectOptions): Promise<TemporalTarget> {
  return site.temporal === undefined ? embeddedTarget(site) : externalTarget(site.temporal, options)
}

async function embeddedTarget(site: Site): Promise<TemporalTarget> {
  const agent = await readLiveAgent(site.stateDir)
  if (agent === undefined) {
    throw new HoldfastError(
      'temporal.unreachable',
      'Temporal does not run on this machine: the agent is not up.',
      {
        hint: 'Start it with `holdfast up` (or `holdfast up --detach`), or name a server under `temporal:` in holdfast.yaml.',
      },
    )
  }
  if (agent.temporal === undefined) {
    throw new HoldfastError(
      'temporal.unreachable',
      `Temporal is not ready yet: the agent (pid ${agent.pid}) is starting.`,
      {
        hint: 'Try again in a few seconds; `holdfast status` shows when it is ready.',
      },
    )
  }
  return { kind: 'embedded', address: agent.temporal.address, namespace: agent.temporal.namespace }
}

async function externalTarget(
  settings: NonNullable<Site['temporal']>,
  { resolveSecret }: ConnectOptions,
): Promise<TemporalTarget> {
  const apiKey = settings.apiKey === undefined ? undefined : await resolveSecret(settings.apiKey)
  const tls = await tlsOf(settings.tls, resolveSecret)
  return {
    kind: 'external',
    address: settings.address,
    namespace: settings.namespace ?? DEFAULT_NAMESPACE,
    ...(apiKey === undefined ? {} : { apiKey }),
    // A key sent in the clear is a key given away.
    ...(tls === undefined ? (apiKey === undefined ? {} : { tls: true }) : { tls }),
  }
}

async function tlsOf(
  settings: NonNullable<Site['temporal']>['tls'],
  resolveSecret: ConnectOptions['resolveSecret'],
): Promise<ConnectionOptions['tls']> {
  if (settings === undefined || typeof settings === 'boolean') return settings
  if ((settings.certificate === undefined) !== (settings.key === undefined)) {
    throw new HoldfastError(
      'config.invalid',
      '`temporal.tls` has a certificate without its key, or a key alone.',
      {
        hint: 'Give both `certificate` and `key`, or neither.',
      },
    )
  }
  const bytesOf = async (reference: ConfigSecret) => Buffer.from(await resolveSecret(reference))
  return {
    ...(settings.serverName === undefined ? {} : { serverNameOverride: settings.serverName }),
    ...(settings.serverRootCA === undefined
      ? {}
      : { serverRootCACertificate: await bytesOf(settings.serverRootCA) }),
    ...(settings.certificate === undefined || settings.key === undefined
      ? {}
      : { clientCertPair: { crt: await bytesOf(settings.certificate), key: await bytesOf(settings.key) } }),
  }
}

const securityOf = ({ tls, apiKey }: TemporalTarget) => ({
  ...(tls === undefined ? {} : { tls }),
  ...(apiKey === undefined ? {} : { apiKey }),
})

const optionsOf = (target: TemporalTarget): ConnectionOptions => ({
  address: target.address,
  ...securityOf(target),
  channelArgs: {
    // By itself gRPC tries again after up to two minutes: so long nothing would go on after a server is back.
    'grpc.initial_reconnect_backoff_ms': 500,
    'grpc.max_reconnect_backoff_ms': 1000,
    // A proxy of the environment is for far away servers.
    ...(isLoopback(target.address) ? { 'grpc.enable_http_proxy': 0 } : {}),
  },
})

/**
 * On a connection of its own, without the retries of the client: those go on for far longer than anybody waits, and one that
 * comes after the end of its connection is thrown where nobody can catch it.
 */
async function askForNamespace(
  target: TemporalTarget,
  { timeoutMs, waits }: { readonly timeoutMs: number; readonly waits: boolean },
): Promise<void> {
  const { Connection } = await import('@temporalio/client')
  const connection = Connection.lazy({ ...optionsOf(target), connectTimeout: timeoutMs, interceptors: [] })
  try {
    // First: a server that is just starting refuses connections, and here that is waited for.
    if (waits) await connection.ensureConnected()
    await connection.withAbortSignal(AbortSignal.timeout(timeoutMs), () =>
      connection.workflowService.describeNamespace({ namespace: target.namespace }),
    )
  } catch (error) {
    throw failureToConnect(target, error)
  } finally {
    await connection.close()
  }
}
