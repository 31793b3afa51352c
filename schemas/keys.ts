import { Type, type Static } from 'typebox'
import { strict } from './common.js'
import { oneOfTypes } from './one-of.js'
import { PATH_PATTERN, VARIABLE_PATTERN } from './patterns.js'

export const FileKey = strict(
  {
    type: Type.Literal('file', { description: 'A file of the host.', examples: ['file'] }),
    path: Type.String({
      pattern: PATH_PATTERN,
      description:
        'Absolute path of the file: 32 random bytes that nobody else may read. `holdfast key create` makes it.',
      examples: ['/etc/holdfast/main.key'],
    }),
  },
  'A key in a file of the host.',
)

export const EnvironmentKey = strict(
  {
    type: Type.Literal('env', {
      description: 'A variable of the environment of the worker.',
      examples: ['env'],
    }),
    variable: Type.String({
      pattern: VARIABLE_PATTERN,
      // As long as a key in hex digits is: then it is the key itself, by mistake.
      maxLength: 63,
      description:
        'Name of the variable: its value is the key as 64 hex digits, or as the lines of its recovery sheet.',
      examples: ['HOLDFAST_MAIN_KEY'],
    }),
  },
  'A key in the environment of the worker.',
)

export const KeyDefinition = oneOfTypes([FileKey, EnvironmentKey], 'What backups are encrypted under.', {
  type: 'file',
  path: '/etc/holdfast/main.key',
})
export type KeyDefinition = Static<typeof KeyDefinition>
export type KeyType = KeyDefinition['type']
export type KeyDefinitionOf<T extends KeyType> = Extract<KeyDefinition, { type: T }>
