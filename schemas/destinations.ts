import { Type, type Static } from 'typebox'
import { configSecret, strict } from './common.js'
import {
  HOST_KEY_PATTERN,
  HOST_PATTERN,
  PATH_PATTERN,
  REMOTE_PATH_PATTERN,
  SETTING_PATTERN,
  USER_PATTERN,
} from './patterns.js'
import { oneOfTypes } from './one-of.js'

export const LocalDestination = strict(
  {
    type: Type.Literal('local', { description: 'A folder of the host.', examples: ['local'] }),
    path: Type.String({
      pattern: PATH_PATTERN,
      description: 'Absolute path of the folder; network mounts will do.',
      examples: ['/srv/backups'],
    }),
  },
  'A folder of the host, on a disk of its own or on a network mount.',
)
export type LocalDestination = Static<typeof LocalDestination>

const hostKey = (description: string) =>
  Type.String({
    pattern: HOST_KEY_PATTERN,
    description,
    examples: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpNfVhYpQVPSO7Jt4bRhPpJ0vUR6oqPgzIBfqY4mHbA'],
  })

export const SftpDestination = strict(
  {
    type: Type.Literal('sftp', { description: 'A folder of a server, over SFTP.', examples: ['sftp'] }),
    host: Type.String({
      pattern: HOST_PATTERN,
      description: 'Name or address of the server.',
      examples: ['vps.example.org'],
    }),
    port: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 65_535, description: 'Port of SSH. Default: 22.', examples: [22] }),
    ),
    user: Type.String({
      pattern: USER_PATTERN,
      description: 'User of the server.',
      examples: ['backup'],
    }),
    path: Type.String({
      pattern: REMOTE_PATH_PATTERN,
      maxLength: 1000,
      description: 'Folder of the server: absolute, or as seen from the folder in which the user arrives.',
      examples: ['/backups', 'backups'],
    }),
    hostKey: Type.Optional(
      Type.Union(
        [
          hostKey('The key by which the server is known, as it stands in its `ssh_host_…_key.pub`.'),
          Type.Array(hostKey('One of the keys of the server.'), {
            minItems: 1,
            maxItems: 10,
            description: 'Several keys, each of which is right.',
          }),
        ],
        {
          description:
            'Key or keys by which the server is known. Nothing connects without: the error then shows the key that the server offers.',
          examples: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpNfVhYpQVPSO7Jt4bRhPpJ0vUR6oqPgzIBfqY4mHbA'],
        },
      ),
    ),
    privateKey: Type.Optional(
      configSecret('Private key of the user, as OpenSSH writes it.', { file: '/etc/holdfast/id_ed25519' }),
    ),
    passphrase: Type.Optional(
      configSecret('Passphrase of the private key.', { env: 'HOLDFAST_KEY_PASSPHRASE' }),
    ),
    password: Type.Optional(
      configSecret('Password of the user. With a private key too: for servers that ask for both.', {
        file: '/etc/holdfast/vps-password',
      }),
    ),
  },
  'A folder of a server, over SFTP. It takes a private key or a password.',
)
export type SftpDestination = Static<typeof SftpDestination>

export const PluginDestination = strict(
  {
    type: Type.Literal('plugin', {
      description: 'A store that a program of yours speaks to.',
      examples: ['plugin'],
    }),
    command: Type.Array(Type.String({ minLength: 1 }), {
      minItems: 1,
      maxItems: 100,
      description: 'Program and arguments; run without a shell, once for each operation.',
      examples: [['/usr/local/lib/holdfast/folder-store.py']],
    }),
    settings: Type.Optional(
      Type.Record(
        Type.String({ pattern: SETTING_PATTERN }),
        Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
        {
          additionalProperties: false,
          description: 'What the program is told about the place, by name.',
          examples: [{ folder: '/mnt/store' }],
        },
      ),
    ),
    secrets: Type.Optional(
      Type.Record(
        Type.String({ pattern: SETTING_PATTERN }),
        configSecret('A secret that the program needs.', { env: 'STORE_TOKEN' }),
        {
          additionalProperties: false,
          description: 'Secrets that the program is told on its standard input, by name.',
          examples: [{ token: { env: 'STORE_TOKEN' } }],
        },
      ),
    ),
  },
  'A store that a program of yours speaks to. Programs stand in holdfast.yaml only.',
)
export type PluginDestination = Static<typeof PluginDestination>

export const Destination = oneOfTypes(
  [LocalDestination, SftpDestination, PluginDestination],
  'A place where backups rest.',
  { type: 'local', path: '/srv/backups' },
)
export type Destination = Static<typeof Destination>
export type DestinationType = Destination['type']
export type DestinationOf<T extends DestinationType> = Extract<Destination, { type: T }>
