import { Type, type Static } from 'typebox'
import { configSecret, rates, spool, strict } from './common.js'

/** A name, an IPv4 or an IPv6 address, without a port. */
const HOST_PATTERN = '^([A-Za-z0-9._-]+|[0-9A-Fa-f:.]+)$'
const USER_PATTERN = '^[^\\s\\u0000-\\u001f]{1,64}$'
/** `~` means nothing to SFTP, and `..` would lead out of what the user meant. */
const REMOTE_PATH_PATTERN = '^(?!~)(?!(.*/)?\\.\\.(/|$))[^\\u0000-\\u001f]+$'
/** As a line of `ssh_host_ed25519_key.pub`; a comment may follow. */
const HOST_KEY_PATTERN =
  '^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,2}( .*)?$'

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
    spool,
    limits: rates,
  },
  'A folder of a server, over SFTP. It takes a private key or a password.',
)
export type SftpDestination = Static<typeof SftpDestination>
