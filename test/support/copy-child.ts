import { copyBackup } from '../../activities/catalog/copy-backup.js'
import { createDestinationKinds } from '../../activities/destinations/registry.js'
import type { SftpDestination } from '../../schemas/sftp-destination.js'
import { destinationWorld } from './destination-world.js'

/** What this process is asked to copy, from a folder to a server. */
export interface CopyOrder {
  readonly from: string
  readonly to: SftpDestination
  readonly plan: string
  readonly backupId: string
}

/** Copies one backup, as a worker does: to be killed meanwhile. */
const order = JSON.parse(process.argv[2] ?? '') as CopyOrder
const kinds = createDestinationKinds(destinationWorld)
await copyBackup(
  {
    from: kinds.local.open('disk', { type: 'local', path: order.from }),
    to: kinds.sftp.open('vps', order.to),
    onBytes: () => undefined,
    signal: new AbortController().signal,
  },
  order,
)
