import type { KeyDefinitionOf } from '../../schemas/keys.js'
import type { KeyDriver, KeyWorld } from './key.js'
import type { TokenPlace } from './pkcs11/questions.js'

/** A key in a token: it is used there, and never leaves it. */
export const pkcs11: KeyDriver<'pkcs11'> = async (name, definition, world) => {
  const { tokens } = world
  const labelled = await placeOf(name, definition, world)
  const { id } = await tokens.ask(labelled, { ask: 'find' })
  const place = { ...labelled, id }
  return {
    name,
    id,
    wrap: (plain, associatedData) => tokens.ask(place, { ask: 'wrap', plain, associatedData }),
    unwrap: async (wrapped, associatedData) =>
      (await tokens.ask(place, { ask: 'unwrap', wrapped, associatedData })).plain,
  }
}

/** Makes the key that the definition describes; its id. Fails as `Tokens.ask` and `Secrets.resolve`. */
export async function createTokenKey(
  name: string,
  definition: KeyDefinitionOf<'pkcs11'>,
  { world, random }: { readonly world: KeyWorld; readonly random: (digits: number) => string },
): Promise<string> {
  const place = await placeOf(name, definition, world)
  const { id } = await world.tokens.ask(place, { ask: 'create', id: definition.id ?? random(ID_DIGITS) })
  return id
}

const ID_DIGITS = 16

async function placeOf(
  name: string,
  { module, token, label, id, pin }: KeyDefinitionOf<'pkcs11'>,
  { secrets }: Pick<KeyWorld, 'secrets'>,
): Promise<TokenPlace> {
  const named = { name, module, token, label, pin: await secrets.resolve(pin) }
  return id === undefined ? named : { ...named, id }
}
