import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createDestinationKinds } from '../../activities/destinations/registry.js'
import { createThrottle, throttled } from '../../activities/destinations/throttle.js'
import { destinationWorld } from '../support/destination-world.js'
import { describeWith } from '../support/needs.js'
import { python } from '../support/python.js'
import { makeBucket, openS3, s3Settings } from '../support/s3.js'
import { describeDestination } from './destination.js'
import { describeSshServers } from './ssh-servers.js'

const kinds = createDestinationKinds(destinationWorld)
const folder = (parent = tmpdir()) => mkdtemp(join(parent, 'holdfast-destination-'))
const samplePlugin = join(import.meta.dirname, '../../examples/plugins/folder-store.py')

describeDestination('local', async () => {
  const path = await folder()
  return {
    destination: kinds.local.open('disk', { type: 'local', path }),
    dispose: () => rm(path, { recursive: true }),
  }
})

describeDestination('local, at a rate', async () => {
  const path = await folder()
  const sleep = (milliseconds: number, signal: AbortSignal) => delay(milliseconds, undefined, { signal })
  const rate = createThrottle(64 * 2 ** 20, { clock: destinationWorld.clock, sleep })
  return {
    destination: throttled(kinds.local.open('disk', { type: 'local', path }), {
      upload: rate,
      download: rate,
    }),
    dispose: () => rm(path, { recursive: true }),
  }
})

describeWith(['s3'], 's3', () => {
  let bucket: string
  beforeAll(async () => (bucket = await makeBucket()))

  describeDestination('s3', async () => ({
    destination: openS3(s3Settings(bucket, { prefix: destinationWorld.random(12) })),
    dispose: async () => undefined,
  }))
})

describeWith(['python'], 'with the sample plugin', () => {
  describeDestination('plugin', async () => {
    const path = await folder()
    const settings = {
      type: 'plugin' as const,
      command: [python ?? 'python3', samplePlugin],
      settings: { folder: path },
    }
    return {
      destination: kinds.plugin.open('store', settings),
      dispose: () => rm(path, { recursive: true }),
    }
  })
})

describeSshServers((name, server) => {
  describeDestination(name, async () => {
    const settings = server().settings(join(server().folder, destinationWorld.random(8)))
    await kinds.sftp.create('vps', settings, new AbortController().signal)
    return { destination: kinds.sftp.open('vps', settings), dispose: async () => undefined }
  })
})
