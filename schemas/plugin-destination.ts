import { Type, type Static } from 'typebox'
import { configSecret, rates, spool, strict } from './common.js'

/** What a plugin is told: names that any language takes for a key. */
const SETTING_PATTERN = '^[A-Za-z][A-Za-z0-9_-]{0,62}$'

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
    spool,
    limits: rates,
  },
  'A store that a program of yours speaks to. Programs stand in holdfast.yaml only.',
)
export type PluginDestination = Static<typeof PluginDestination>
