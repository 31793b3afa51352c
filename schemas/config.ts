import { Type, type Static } from 'typebox'
import { configSecret, name, strict } from './common.js'
import { NAME_PATTERN, PATH_PATTERN, SIZE_PATTERN } from './patterns.js'
import { Destination } from './destinations.js'
import { KeyDefinition } from './keys.js'
import { planDefaults } from './plan.js'
import { ServiceDefinition } from './services.js'

/** `host:port`, where an IPv6 address stands in brackets. */
export const ADDRESS_PATTERN = '^([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+\\]):[0-9]{1,5}$'

const TemporalConnection = strict(
  {
    address: Type.String({
      pattern: ADDRESS_PATTERN,
      description: 'Host and port of the Temporal server.',
      examples: ['temporal.lan:7233'],
    }),
    namespace: Type.Optional(
      Type.String({ minLength: 1, description: 'Namespace. Default: holdfast.', examples: ['backups'] }),
    ),
    tls: Type.Optional(
      Type.Union(
        [
          Type.Boolean({ description: 'Use TLS with the certificates of the system.' }),
          strict(
            {
              serverRootCA: Type.Optional(
                configSecret('Certificate authority that signed the certificate of the server, as PEM.', {
                  file: '/etc/holdfast/ca.pem',
                }),
              ),
              serverName: Type.Optional(
                Type.String({
                  description: 'Name expected in the certificate of the server.',
                  examples: ['temporal.lan'],
                }),
              ),
              certificate: Type.Optional(
                configSecret('Certificate of this client, as PEM.', { file: '/etc/holdfast/client.pem' }),
              ),
              key: Type.Optional(
                configSecret('Private key of this client, as PEM.', { file: '/etc/holdfast/client.key' }),
              ),
            },
            'Certificates of the connection.',
          ),
        ],
        { description: 'TLS: true, or certificates. An API key turns it on.', examples: [true] },
      ),
    ),
    apiKey: Type.Optional(
      configSecret('API key of the server, as Temporal Cloud gives it.', { env: 'TEMPORAL_API_KEY' }),
    ),
  },
  'A Temporal server of your own. Left out: `holdfast up` runs one.',
  { address: 'temporal.lan:7233', namespace: 'backups' },
)

export const ConfigFile = strict(
  {
    version: Type.Literal(1, { description: 'Version of the configuration language.', examples: [1] }),
    site: Type.Optional(
      name('All hosts that share this repository of plans. Default: the name of the host.', 'home'),
    ),
    host: Type.Optional(name('Name of this machine. Default: its host name, remembered in stateDir.', 'nas')),
    stateDir: Type.Optional(
      Type.String({
        pattern: PATH_PATTERN,
        description:
          'Folder for journal, alarms, embedded Temporal and caches. Default: /var/lib/holdfast for root, else $XDG_STATE_HOME/holdfast.',
        examples: ['/var/lib/holdfast'],
      }),
    ),
    plans: Type.Optional(
      Type.Array(Type.String({ minLength: 1 }), {
        description: 'Globs of plan files, relative to this file. Default: plans/*.yaml.',
        examples: [['plans/*.yaml']],
      }),
    ),
    temporal: Type.Optional(TemporalConnection),
    destinations: Type.Optional(
      Type.Record(Type.String({ pattern: NAME_PATTERN }), Destination, {
        additionalProperties: false,
        description: 'Places where backups rest, by name.',
        examples: [{ disk: { type: 'local', path: '/srv/backups' } }],
      }),
    ),
    keys: Type.Optional(
      Type.Record(Type.String({ pattern: NAME_PATTERN }), KeyDefinition, {
        additionalProperties: false,
        description: 'Keys that backups are encrypted under, by name.',
        examples: [{ main: { type: 'file', path: '/etc/holdfast/main.key' } }],
      }),
    ),
    services: Type.Optional(
      Type.Record(Type.String({ pattern: NAME_PATTERN }), ServiceDefinition, {
        additionalProperties: false,
        description: 'Services of the `command` runtime, by name.',
        examples: [
          {
            web: {
              type: 'command',
              stop: ['supervisorctl', 'stop', 'web'],
              start: ['supervisorctl', 'start', 'web'],
              isRunning: ['pgrep', '-f', 'web.py'],
            },
          },
        ],
      }),
    ),
    allow: Type.Optional(
      strict(
        {
          services: Type.Optional(
            Type.Array(Type.String({ minLength: 1 }), {
              description: 'Globs of services that may be held.',
              examples: [['docker:shop-*', 'command:web']],
            }),
          ),
          paths: Type.Optional(
            Type.Array(Type.String({ pattern: PATH_PATTERN }), {
              description: 'Folders that may be read.',
              examples: [['/srv', '/etc/shop']],
            }),
          ),
          restoreTo: Type.Optional(
            Type.Array(Type.String({ pattern: PATH_PATTERN }), {
              description:
                'Folders that may be restored into, besides the places that the sources came from.',
              examples: [['/srv/restore']],
            }),
          ),
        },
        'What runs may touch on this host, whatever Temporal asks for. Left out: what the plans of this host name.',
        { services: ['docker:shop-*'], paths: ['/srv'], restoreTo: ['/srv/restore'] },
      ),
    ),
    alarm: Type.Optional(
      strict(
        {
          command: Type.Array(Type.String(), {
            minItems: 1,
            description: 'Program and arguments; the alarm comes as JSON on stdin.',
            examples: [['/usr/local/bin/notify']],
          }),
        },
        'Who is told of alarms.',
        { command: ['/usr/local/bin/notify'] },
      ),
    ),
    limits: Type.Optional(
      strict(
        {
          parallelCaptures: Type.Optional(
            Type.Integer({
              minimum: 1,
              maximum: 64,
              description: 'How many runs may capture on this host at the same time. Default: 2.',
              examples: [2],
            }),
          ),
          spool: Type.Optional(
            Type.String({
              pattern: SIZE_PATTERN,
              description:
                'How much of the disk of stateDir all spools together may take. Default: what is free there, less 2 GiB.',
              examples: ['20GiB'],
            }),
          ),
        },
        'Limits of this host.',
        { parallelCaptures: 2, spool: '20GiB' },
      ),
    ),
    defaults: Type.Optional(
      strict(planDefaults, 'Fields of plans; a plan overrides them, key by key at the top level.', {
        destinations: ['disk'],
        timeout: '6h',
      }),
    ),
  },
  'holdfast.yaml: where things are on this site.',
)
export type ConfigFile = Static<typeof ConfigFile>
