import { Type, type Static } from 'typebox'
import { configSecret, strict } from './common.js'
import { oneOfTypes } from './one-of.js'
import { KEY_ID_PATTERN, PATH_PATTERN, VARIABLE_PATTERN } from './patterns.js'

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

/** CK_TOKEN_INFO has room for 32 bytes. */
const MOST_TOKEN_LABEL = 32

export const Pkcs11Key = strict(
  {
    type: Type.Literal('pkcs11', {
      description: 'A hardware security module, a smart card, or another token that speaks PKCS#11.',
      examples: ['pkcs11'],
    }),
    module: Type.String({
      pattern: PATH_PATTERN,
      description: 'Absolute path of the PKCS#11 library of the token, as its maker gives it.',
      examples: ['/usr/lib/softhsm/libsofthsm2.so'],
    }),
    token: Type.String({
      minLength: 1,
      maxLength: MOST_TOKEN_LABEL,
      description: 'Label of the token. Its slot is found by it.',
      examples: ['backups'],
    }),
    label: Type.String({
      minLength: 1,
      maxLength: 255,
      description:
        'Label of the key in the token (CKA_LABEL): an AES key of 256 bits. `holdfast key create` makes it.',
      examples: ['holdfast-main'],
    }),
    id: Type.Optional(
      Type.String({
        pattern: KEY_ID_PATTERN,
        description:
          'Id of the key in the token (CKA_ID), 16 hex digits: only needed where several have the label.',
        examples: ['5d3c0f1b9a7e2468'],
      }),
    ),
    pin: configSecret('The PIN of the user of the token.', { file: '/etc/holdfast/token.pin' }),
  },
  'A key in a token that speaks PKCS#11: it never leaves it. Needs the optional package pkcs11js.',
)

export const KeyDefinition = oneOfTypes(
  [FileKey, EnvironmentKey, Pkcs11Key],
  'What backups are encrypted under.',
  {
    type: 'file',
    path: '/etc/holdfast/main.key',
  },
)
export type KeyDefinition = Static<typeof KeyDefinition>
export type KeyType = KeyDefinition['type']
export type KeyDefinitionOf<T extends KeyType> = Extract<KeyDefinition, { type: T }>
