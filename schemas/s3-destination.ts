import { Type } from 'typebox'
import { choice, configSecret, duration, rates, spool, strict } from './common.js'

const BUCKET_PATTERN = '^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$'
const REGION_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$'
/** Folders of a flat store, named as objects are. */
const PREFIX_PATTERN = '^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$'
/** Without user and password: those are secrets, and have places of their own. */
const ENDPOINT_PATTERN = '^https?://([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?/?$'
const PART_SIZE_PATTERN = '^([5-9]|[1-9][0-9]{1,2}|10[01][0-9]|102[0-4])MiB$'

export const S3Destination = strict(
  {
    type: Type.Literal('s3', { description: 'A bucket of S3 or of a store like it.', examples: ['s3'] }),
    bucket: Type.String({
      pattern: BUCKET_PATTERN,
      description: 'Name of the bucket, which must exist.',
      examples: ['shop-backups'],
    }),
    prefix: Type.Optional(
      Type.String({
        pattern: PREFIX_PATTERN,
        description: 'What the keys of all objects begin with, without a slash at its end. Default: nothing.',
        examples: ['nas'],
      }),
    ),
    region: Type.Optional(
      Type.String({
        pattern: REGION_PATTERN,
        description: 'Region of the bucket. Needed without `endpoint`; default with one: us-east-1.',
        examples: ['eu-central-1'],
      }),
    ),
    endpoint: Type.Optional(
      Type.String({
        pattern: ENDPOINT_PATTERN,
        description: 'Address of a store other than that of AWS.',
        examples: ['https://s3.example.org'],
      }),
    ),
    pathStyle: Type.Optional(
      Type.Boolean({
        description:
          'Whether the bucket stands in the path of addresses, instead of in the name of the host. Default: true with `endpoint`, else false.',
        examples: [true],
      }),
    ),
    accessKeyId: configSecret('Id of the access key.', { env: 'S3_KEY' }),
    secretAccessKey: configSecret('Secret of the access key.', { file: '/run/secrets/s3' }),
    sessionToken: Type.Optional(
      configSecret('Token that belongs to a temporary access key.', { command: ['print-s3-token'] }),
    ),
    serverSideEncryption: Type.Optional(
      choice(['AES256', 'aws:kms'], 'Lets the store encrypt what it keeps, with keys of its own.', 'AES256'),
    ),
    kmsKeyId: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Key of the key management service, for `serverSideEncryption: aws:kms`.',
        examples: ['arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab'],
      }),
    ),
    storageClass: Type.Optional(
      choice(
        ['STANDARD', 'STANDARD_IA', 'ONEZONE_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'],
        'Storage class of new objects. Only classes that can be read at once: listing and restoring read objects.',
        'STANDARD_IA',
      ),
    ),
    objectLock: Type.Optional(
      strict(
        {
          mode: choice(
            ['governance', 'compliance'],
            'Who may shorten the lock: those with a special right, or nobody.',
            'governance',
          ),
          keepFor: duration('How long nobody may remove a new object for good.', '30d'),
        },
        'Locks each new object. The bucket must have been created with object lock.',
        { mode: 'governance', keepFor: '30d' },
      ),
    ),
    partSize: Type.Optional(
      Type.String({
        pattern: PART_SIZE_PATTERN,
        description:
          'Size of the parts that large objects are sent in, 5MiB to 1024MiB. S3 takes 10,000 of them: parts of 16 MiB make an object of 156 GiB. An upload keeps up to 64 MiB of them in memory, and two at least. Default: 16MiB.',
        examples: ['64MiB'],
      }),
    ),
    spool,
    limits: rates,
  },
  'A bucket of S3, or of a store that speaks its protocol: MinIO, Ceph, Garage, R2, B2.',
)
