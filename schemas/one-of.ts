import { Type, type Static, type TSchema, type TUnsafe } from 'typebox'

/**
 * A union told apart by `type`, so that a mistake is reported against the kind the user meant
 * instead of against every kind there is (JSON Schema's plain `oneOf` blames all branches).
 */
export function oneOfTypes<const T extends readonly TSchema[]>(
  branches: T,
  description: string,
  example: Static<T[number]>,
): TUnsafe<Static<T[number]>> {
  return Type.Unsafe<Static<T[number]>>({
    type: 'object',
    description,
    examples: [example],
    required: ['type'],
    discriminator: { propertyName: 'type' },
    oneOf: branches,
  })
}
