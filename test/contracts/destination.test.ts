import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { local } from '../../activities/destinations/local.js'
import { describeDestination } from './destination.js'

describeDestination('local', async () => {
  const path = await mkdtemp(join(tmpdir(), 'holdfast-local-'))
  const random = (digits: number) => randomBytes(digits).toString('hex').slice(0, digits)
  return {
    destination: local(random)('disk', { type: 'local', path }),
    dispose: () => rm(path, { recursive: true }),
  }
})
