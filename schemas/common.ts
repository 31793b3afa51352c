import { Type, type Static, type TProperties } from 'typebox'
import {
  DURATION_PATTERN,
  NAME_PATTERN,
  RATE_PATTERN,
  SERVICE_PATTERN,
  VARIABLE_PATTERN,
} from './patterns.js'

/** An object that refuses keys it does not know: a typo must never be ignored silently. */
export const strict = <T extends TProperties>(properties: T, description: string, example?: object) =>
  Type.Object(properties, {
    additionalProperties: false,
    description,
    ...(example === undefined ? {} : { examples: [example] }),
  })

/** One of some words. An `enum`, since editors and messages fare better with it than with a union of constants. */
export const choice = <const T extends string>(words: readonly T[], description: string, example: T) =>
  Type.Unsafe<T>({ type: 'string', enum: words, description, examples: [example] })

export const name = (description: string, example: string) =>
  Type.String({ pattern: NAME_PATTERN, description, examples: [example] })

export const duration = (description: string, example: string) =>
  Type.String({ pattern: DURATION_PATTERN, description, examples: [example] })

/** Of a destination. Whether there is a spool when it is left out, `core/spool.ts` knows by the type. */
export const spool = Type.Optional(
  Type.Boolean({
    description:
      'Whether what is read under a hold goes to the spool of the host first, and is uploaded when the services are back. Default: false for `local`, else true.',
    examples: [true],
  }),
)

const rate = (description: string, example: string) =>
  Type.String({ pattern: RATE_PATTERN, description, examples: [example] })

/** Of a destination, whatever its type. */
export const rates = Type.Optional(
  strict(
    {
      upload: Type.Optional(rate('What all uploads to it together may take. Default: no limit.', '10MiB/s')),
      download: Type.Optional(
        rate(
          'What all downloads from it together may take, restores and verifications included. Default: no limit.',
          '50MiB/s',
        ),
      ),
    },
    'How fast each worker may write to it and read from it, on average. At least 64KiB/s.',
    { upload: '10MiB/s', download: '50MiB/s' },
  ),
)
export const ServiceReference = Type.String({
  pattern: SERVICE_PATTERN,
  description:
    'A service as `runtime:name`: `docker:container`, `docker:project/service` (Compose), `systemd:unit.service`, `lxc:container` or `command:name` (defined in holdfast.yaml).',
  examples: ['docker:shop-web', 'docker:shop/web', 'systemd:nginx.service', 'lxc:wiki', 'command:web'],
})
export type ServiceReference = Static<typeof ServiceReference>

const secretFromEnvironment = strict(
  {
    env: Type.String({
      pattern: VARIABLE_PATTERN,
      description: 'Name of the environment variable of the worker.',
      examples: ['SHOP_DB_PASSWORD'],
    }),
  },
  'The secret is the value of an environment variable of the worker.',
)
const secretFromFile = strict(
  {
    file: Type.String({
      minLength: 1,
      description: 'File that holds the secret; a line break at its end is left out.',
      examples: ['/run/secrets/shop-db'],
    }),
  },
  'The secret is the content of a file on the host of the worker.',
)
const secretFromCommand = strict(
  {
    command: Type.Array(Type.String(), {
      minItems: 1,
      description: 'Program and arguments that print the secret.',
      examples: [['pass', 'show', 'shop-db']],
    }),
  },
  'The secret is what a command prints.',
)

/**
 * Where a secret is, never what it is. Resolved by the worker, at the moment of use.
 * `writeOnly` marks the places of secrets: messages about mistakes show nothing of what stands there.
 */
export const PlanSecret = Type.Union([secretFromEnvironment, secretFromFile], {
  writeOnly: true,
  description: 'A reference to a secret: `{ env: NAME }` or `{ file: PATH }`. Never the secret itself.',
  examples: [{ env: 'SHOP_DB_PASSWORD' }],
})
export type PlanSecret = Static<typeof PlanSecret>

/** A secret of holdfast.yaml with an example of its own. */
export const configSecret = (description: string, example: ConfigSecret) =>
  Type.Union([secretFromEnvironment, secretFromFile, secretFromCommand], {
    writeOnly: true,
    description,
    examples: [example],
  })

/** As in plans, and also `{ command }`: commands are said in holdfast.yaml only. */
export const ConfigSecret = Type.Union([secretFromEnvironment, secretFromFile, secretFromCommand], {
  writeOnly: true,
  description:
    'A reference to a secret: `{ env: NAME }`, `{ file: PATH }` or `{ command: [argv…] }`. Never the secret itself.',
  examples: [{ env: 'TEMPORAL_API_KEY' }],
})
export type ConfigSecret = Static<typeof ConfigSecret>
