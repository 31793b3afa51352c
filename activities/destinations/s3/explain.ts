import { HoldfastError, type ErrorCode } from '../../../core/errors.js'
import { CONNECTION_FAULTS, DAMAGED_ON_THE_WAY, codeOf, regionOf, statusOf } from './failure.js'

interface Attempt {
  readonly destination: string
  readonly bucket: string
  /** Where the store is, for people. */
  readonly endpoint: string
  /** `write object "x" to`: reads on with the destination's name. */
  readonly doing: string
}

interface Meaning {
  readonly code: ErrorCode
  /** Reads on after a colon. */
  readonly why: string
  readonly hint: string
}

/**
 * What a failed request means for a destination, and what to do. Never with what the store said beyond its code: that may
 * repeat what was signed. What is no failure of a request is returned as it is.
 */
export function explainRequest(error: unknown, attempt: Attempt): unknown {
  if (error instanceof HoldfastError || !(error instanceof Error)) return error
  const meaning = meaningOf(error, attempt)
  if (meaning === undefined) return error
  const { destination, doing, bucket, endpoint } = attempt
  return new HoldfastError(
    meaning.code,
    `Could not ${doing} destination "${destination}" (bucket ${bucket} at ${endpoint}): ${meaning.why}.`,
    { hint: meaning.hint, cause: error },
  )
}

function meaningOf(error: Error, attempt: Attempt): Meaning | undefined {
  const code = codeOf(error)
  const status = statusOf(error)
  return (
    refusalOf(code, attempt) ??
    mistakeOf(code, error, attempt) ??
    connectionFaultOf(code, attempt) ??
    (status === undefined ? undefined : otherAnswer(code, status, attempt))
  )
}

/** The store knows the request and refuses it. */
function refusalOf(code: string, { destination }: Attempt): Meaning | undefined {
  const denied = (why: string, hint: string): Meaning => ({ code: 'destination.denied', why, hint })
  const setting = (name: string) => `\`destinations.${destination}.${name}\` in holdfast.yaml`
  switch (code) {
    case 'InvalidAccessKeyId':
      return denied(
        'the store does not know the access key id',
        `Look at the secret that ${setting('accessKeyId')} refers to, and at the endpoint: keys belong to one store.`,
      )
    case 'SignatureDoesNotMatch':
      return denied(
        'the secret access key does not belong to the access key id',
        `Look at the secret that ${setting('secretAccessKey')} refers to.`,
      )
    case 'ExpiredToken':
    case 'ExpiredTokenException':
    case 'InvalidToken':
    case 'TokenRefreshRequired':
      return denied(
        'the session token has expired or is none',
        `Renew the secret that ${setting('sessionToken')} refers to, together with its access key.`,
      )
    case 'RequestTimeTooSkewed':
    case 'RequestExpired':
    case 'RequestInTheFuture':
      return denied(
        'the clock of this host differs too much from that of the store',
        'Set the clock of this host: `timedatectl` shows whether it is synchronised.',
      )
    case 'InvalidObjectState':
      return denied(
        'the object lies in an archive, from which it cannot be read at once',
        'Have the store bring it back first, and keep lifecycle rules from archiving backups.',
      )
    case 'AccessDenied':
    case 'AllAccessDisabled':
    case 'AccountProblem':
      return denied(
        'the access key has no right to do this',
        'Let it list the bucket, and read, write and delete objects in it: see `docs/destinations.md`.',
      )
    default:
      return undefined
  }
}

/** holdfast.yaml and the store do not fit together: trying again does not help. */
function mistakeOf(code: string, error: Error, { destination, bucket }: Attempt): Meaning | undefined {
  const setting = (name: string) => `\`destinations.${destination}.${name}\` in holdfast.yaml`
  const region = regionOf(error)
  switch (code) {
    case 'NoSuchBucket':
      return {
        code: 'destination.not-mounted',
        why: 'there is no such bucket',
        hint: `Correct ${setting('bucket')}, or create the bucket.`,
      }
    case 'PermanentRedirect':
    case 'TemporaryRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'IllegalLocationConstraintException':
      return {
        code: 'destination.invalid',
        why: `the bucket is in ${region === undefined ? 'another region' : `region ${region}`}`,
        hint: `Set ${setting('region')}${region === undefined ? '' : ` to ${region}`}.`,
      }
    case 'NotImplemented':
    case 'ServerSideEncryptionConfigurationNotFoundError':
    case 'InvalidEncryptionAlgorithmError':
    case 'InvalidStorageClass':
    case 'InvalidRequest':
    case 'InvalidArgument':
    case 'KMS.NotFoundException':
    case 'KMS.DisabledException':
      return {
        code: 'destination.invalid',
        why: `the store does not take what is asked of it (${code})`,
        hint: `Look at serverSideEncryption, kmsKeyId, storageClass and objectLock of \`destinations.${destination}\`: does the store, and bucket ${bucket}, offer them?`,
      }
    case 'QuotaExceeded':
    case 'StorageFull':
    case 'InsufficientStorage':
    case 'XMinioStorageFull':
    case 'XMinioAdminBucketQuotaExceeded':
      return {
        code: 'destination.full',
        why: 'the store has no room left, or the quota is used up',
        hint: 'Make room there, or expire old backups with `holdfast backup cleanup`.',
      }
    default:
      return undefined
  }
}

function connectionFaultOf(code: string, { endpoint }: Attempt): Meaning | undefined {
  const unavailable = (why: string, hint: string): Meaning => ({ code: 'destination.unavailable', why, hint })
  const network = `Check the network between this host and ${endpoint}.`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return unavailable('its name cannot be found', 'Check the name of the endpoint, and DNS on this host.')
  if (code === 'ECONNREFUSED') return unavailable('nobody listens there', `Is the store running? ${network}`)
  if (code === 'TimeoutError' || code === 'ETIMEDOUT')
    return unavailable('it does not answer', `Is the store well? ${network}`)
  if (DAMAGED_ON_THE_WAY.has(code))
    return unavailable(
      `bytes were damaged or lost on the way (${code})`,
      `Nothing wrong was stored. ${network}`,
    )
  if (CONNECTION_FAULTS.has(code)) return unavailable(`the connection broke off (${code})`, network)
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_') || code.startsWith('HPE_'))
    return {
      code: 'destination.invalid',
      why: `what answers there does not speak the protocol of the endpoint (${code})`,
      hint: 'Does the endpoint need https:// instead of http://, the other way round, or another port?',
    }
  if (CERTIFICATE_FAULT.test(code))
    return {
      code: 'destination.denied',
      why: `its certificate is not trusted (${code})`,
      hint: 'If an authority of your own signed it, name its certificate to the worker: NODE_EXTRA_CA_CERTS=/path/ca.pem.',
    }
  return undefined
}

/** As OpenSSL and Node name what is wrong with a certificate. */
const CERTIFICATE_FAULT = /CERT|^UNABLE_TO_|^HOSTNAME_MISMATCH$|^INVALID_CA$|^INVALID_PURPOSE$/

function otherAnswer(code: string, status: number, { endpoint }: Attempt): Meaning {
  if (status === 401 || status === 403)
    return {
      code: 'destination.denied',
      why: `the store refuses it (${code}, HTTP ${status})`,
      hint: 'Look at the access key and its rights: see `docs/destinations.md`.',
    }
  if (status === 429 || status === 503)
    return {
      code: 'destination.unavailable',
      why: `the store asks to slow down (${code}, HTTP ${status})`,
      hint: 'It is tried again later. If it stays, spread the schedules of plans that use it.',
    }
  if (status === 507)
    return {
      code: 'destination.full',
      why: 'the store has no room left',
      hint: 'Make room there, or expire old backups with `holdfast backup cleanup`.',
    }
  if (status >= 500)
    return {
      code: 'destination.unavailable',
      why: `the store has a fault of its own (${code}, HTTP ${status})`,
      hint: 'It is tried again later. If it stays, ask those who run the store.',
    }
  return {
    code: 'destination.invalid',
    why: `the answer is not that of S3 (${code}, HTTP ${status})`,
    hint: `Is ${endpoint} the address of an S3 store? Look at the settings of the destination.`,
  }
}
