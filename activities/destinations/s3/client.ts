import type * as S3 from '@aws-sdk/client-s3'
import type { DestinationOf } from '../../../schemas/destinations.js'
import type { Secrets } from '../../secrets.js'

/** How long and how often a store is waited for. Tests have less patience. */
export interface S3Limits {
  readonly connectMs: number
  /** A connection on which nothing moves for so long is given up. */
  readonly idleMs: number
  /** Each request, by the library: after connection faults, throttling and faults of the server, with growing pauses. */
  readonly attempts: number
  /** Before a part of an upload is tried again as a whole: hours of work hang on it. */
  readonly pausesMs: readonly number[]
}

/** Together below what a question may take: so a store that does not answer is named instead of the question. */
export const S3_LIMITS: S3Limits = {
  connectMs: 5000,
  idleMs: 60_000,
  attempts: 4,
  pausesMs: [2000, 10_000],
}

export interface S3Connection {
  readonly sdk: typeof S3
  readonly client: S3.S3Client
}

/** Where no region is said, stores other than AWS expect this one. */
const USUAL_REGION = 'us-east-1'
/** More than parts in flight and manifests read at once. */
const MAX_SOCKETS = 16
/** Of connections that nobody uses: each activity opens some of its own. */
const UNUSED_SOCKET_MS = 10_000

/**
 * Connects at the first request: secrets are read at the moment of use, and the library, which is large, is loaded only by
 * those who need it.
 */
export function s3Connector(
  settings: DestinationOf<'s3'>,
  secrets: Pick<Secrets, 'resolve'>,
  limits: S3Limits,
): () => Promise<S3Connection> {
  let connection: Promise<S3Connection> | undefined
  return () => (connection ??= connect(settings, secrets, limits))
}

async function connect(
  settings: DestinationOf<'s3'>,
  secrets: Pick<Secrets, 'resolve'>,
  limits: S3Limits,
): Promise<S3Connection> {
  const sdk = await import('@aws-sdk/client-s3')
  const { endpoint, region = USUAL_REGION, pathStyle = endpoint !== undefined } = settings
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS, timeout: UNUSED_SOCKET_MS }
  const client = new sdk.S3Client({
    region,
    ...(endpoint === undefined ? {} : { endpoint }),
    forcePathStyle: pathStyle,
    credentials: () => credentialsOf(settings, secrets),
    maxAttempts: limits.attempts,
    requestHandler: {
      connectionTimeout: limits.connectMs,
      socketTimeout: limits.idleMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
    // Stores other than AWS stumble over checksums in trailers. Ours go with every request: `payload.ts`.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    // It would open a connection of its own for each part.
    expectContinueHeader: false,
  })
  return { sdk, client }
}

async function credentialsOf(
  { accessKeyId, secretAccessKey, sessionToken }: DestinationOf<'s3'>,
  secrets: Pick<Secrets, 'resolve'>,
): Promise<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string }> {
  return {
    accessKeyId: await secrets.resolve(accessKeyId),
    secretAccessKey: await secrets.resolve(secretAccessKey),
    ...(sessionToken === undefined ? {} : { sessionToken: await secrets.resolve(sessionToken) }),
  }
}
