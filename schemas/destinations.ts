import { Type, type Static } from 'typebox'
import { rates, spool, strict } from './common.js'
import { PATH_PATTERN } from './patterns.js'
import { oneOfTypes } from './one-of.js'
import { PluginDestination } from './plugin-destination.js'
import { S3Destination } from './s3-destination.js'
import { SftpDestination } from './sftp-destination.js'

export const LocalDestination = strict(
  {
    type: Type.Literal('local', { description: 'A folder of the host.', examples: ['local'] }),
    path: Type.String({
      pattern: PATH_PATTERN,
      description: 'Absolute path of the folder; network mounts will do.',
      examples: ['/srv/backups'],
    }),
    spool,
    limits: rates,
  },
  'A folder of the host, on a disk of its own or on a network mount.',
)
export type LocalDestination = Static<typeof LocalDestination>

export const Destination = oneOfTypes(
  [LocalDestination, S3Destination, SftpDestination, PluginDestination],
  'A place where backups rest.',
  { type: 'local', path: '/srv/backups' },
)
export type Destination = Static<typeof Destination>
export type DestinationType = Destination['type']
export type DestinationOf<T extends DestinationType> = Extract<Destination, { type: T }>
