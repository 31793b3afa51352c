import { randomBytes } from 'node:crypto'
import { S3Client, CreateBucketCommand } from '@aws-sdk/client-s3'
import { s3 } from '../../activities/destinations/s3.js'
import type { Destination } from '../../activities/destinations/driver.js'
import { S3_LIMITS, type S3Limits } from '../../activities/destinations/s3/client.js'
import type { DestinationOf } from '../../schemas/destinations.js'

// The whole server's: it holds nothing but what tests write.
export const S3_KEY = 'canary-s3-access-key'
export const S3_SECRET = 'canary-s3-secret-key'

/** Which server the tests use; `npm run test:long` uses both, one after the other. */
export const s3Server: 'versitygw' | 'minio' =
  process.env['HOLDFAST_TEST_S3_SERVER'] === 'minio' ? 'minio' : 'versitygw'
export const S3_REGION = 'us-east-1'

/** Less patience than for a store far away. */
export const QUICK_S3: S3Limits = { ...S3_LIMITS, connectMs: 1000, idleMs: 700, attempts: 2, pausesMs: [50] }

/** Of the server that all test files share. */
export const s3Endpoint = (): string => process.env['HOLDFAST_TEST_S3'] ?? ''

/** For what the driver does not do. */
export const s3Client = (): S3Client =>
  new S3Client({
    endpoint: s3Endpoint(),
    region: S3_REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: S3_KEY, secretAccessKey: S3_SECRET },
  })

export async function makeBucket(kind: 'plain' | 'locking' = 'plain'): Promise<string> {
  const Bucket = `test-${randomBytes(6).toString('hex')}`
  await s3Client().send(new CreateBucketCommand({ Bucket, ObjectLockEnabledForBucket: kind === 'locking' }))
  return Bucket
}

type Settings = DestinationOf<'s3'>

export const s3Settings = (bucket: string, changes: Partial<Settings> = {}): Settings => ({
  type: 's3',
  bucket,
  endpoint: s3Endpoint(),
  accessKeyId: { env: 'KEY' },
  secretAccessKey: { env: 'SECRET' },
  ...changes,
})

/** The driver, as the product opens it, with the keys of the test server or others. */
export function openS3(
  settings: Settings,
  {
    keys = { KEY: S3_KEY, SECRET: S3_SECRET },
    limits = S3_LIMITS,
  }: { keys?: Readonly<Record<string, string>>; limits?: S3Limits } = {},
): Destination {
  const resolve = async (reference: Settings['accessKeyId']) =>
    'env' in reference ? (keys[reference.env] ?? '') : ''
  return s3({ secrets: { resolve }, clock: () => new Date(), limits })('offsite', settings)
}
