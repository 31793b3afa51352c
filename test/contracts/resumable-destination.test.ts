import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { TEMPORARY_FOLDER } from '../../activities/destinations/object-tree.js'
import { createDestinationKinds } from '../../activities/destinations/registry.js'
import { destinationWorld } from '../support/destination-world.js'
import { startFaultyProxy } from '../support/faulty-proxy.js'
import { knowForeignErrors } from '../support/foreign-errors.js'
import { describeWith } from '../support/needs.js'
import { makeBucket, openS3, QUICK_S3, s3Client, s3Endpoint, s3Settings } from '../support/s3.js'
import type { SshServer } from '../support/sshd.js'
import { NAME, describeResumable, type ResumablePlace } from './resumable-destination.js'
import { describeSshServers } from './ssh-servers.js'

knowForeignErrors()
const { signal } = new AbortController()

describeSshServers((name, server) => {
  describeResumable(name, () => sftpPlace(server()))
})

async function sftpPlace(server: SshServer): Promise<ResumablePlace> {
  const path = join(server.folder, destinationWorld.random(8))
  const settings = server.settings(path)
  await createDestinationKinds(destinationWorld).sftp.create('vps', settings, signal)
  const temporary = join(path, TEMPORARY_FOLDER)
  const left = () =>
    existsSync(temporary) ? readdirSync(temporary).map((name) => join(temporary, name)) : []
  return {
    connect: async () => {
      const line = await startFaultyProxy(server.port, () => undefined)
      // Connections of its own.
      const { sftp } = createDestinationKinds(destinationWorld)
      return { destination: sftp.open('vps', { ...settings, port: line.port }), line }
    },
    leftBytes: async () =>
      left().reduce((total, file) => total + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0),
    damageLeft: async () => {
      for (const file of left()) writeFileSync(file, 'changed', { flag: 'r+' })
    },
    dispose: async () => undefined,
  }
}

describeWith(['s3'], 'a bucket', () => {
  let bucket: string
  beforeAll(async () => (bucket = await makeBucket()))

  describeResumable('s3', async () => s3Place(bucket))
})

function s3Place(bucket: string): ResumablePlace {
  const prefix = destinationWorld.random(12)
  const client = s3Client()
  return {
    connect: async () => {
      const line = await startFaultyProxy(Number(new URL(s3Endpoint()).port), () => undefined)
      const endpoint = `http://127.0.0.1:${line.port}`
      const settings = s3Settings(bucket, { prefix, endpoint, partSize: '5MiB' })
      return { destination: openS3(settings, { limits: { ...QUICK_S3, idleMs: 10_000 } }), line }
    },
    leftBytes: async () => {
      const parts = await leftParts(client, { bucket, prefix })
      return parts.reduce((total, { Size = 0 }) => total + Size, 0)
    },
    damageLeft: async () => {
      for (const { Key, UploadId, PartNumber, Size = 0 } of await leftParts(client, { bucket, prefix })) {
        const part = { Bucket: bucket, Key, UploadId, PartNumber, Body: Buffer.alloc(Size) }
        await client.send(new UploadPartCommand(part))
      }
    },
    dispose: async () => client.destroy(),
  }
}

async function leftParts(client: S3Client, { bucket, prefix }: { bucket: string; prefix: string }) {
  // All of the name: minio lists no uploads by the beginning of it.
  const listing = new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: `${prefix}/${NAME}` })
  const { Uploads = [] } = await client.send(listing)
  const all = Uploads.map(async ({ Key, UploadId }) => {
    const { Parts = [] } = await client.send(new ListPartsCommand({ Bucket: bucket, Key, UploadId }))
    return Parts.map(({ PartNumber, Size }) => ({ Key, UploadId, PartNumber, Size }))
  })
  return (await Promise.all(all)).flat()
}
