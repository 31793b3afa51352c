import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { local } from '../../activities/destinations/local.js'
import { describeWith } from '../support/needs.js'
import { makeBucket, openS3, s3Settings } from '../support/s3.js'
import { describeDestination } from './destination.js'

describeDestination('local', async () => {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-local-'))
  const random = (digits: number) => randomBytes(digits).toString('hex').slice(0, digits)
  return {
    destination: local(random)('disk', { type: 'local', path }),
    dispose: () => rm(path, { recursive: true }),
  }
})

describeWith(['s3'], 's3', () => {
  let bucket: string
  beforeAll(async () => (bucket = await makeBucket()))

  describeDestination('s3', async () => ({
    destination: openS3(s3Settings(bucket, { prefix: randomBytes(6).toString('hex') })),
    dispose: async () => undefined,
  }))
})
