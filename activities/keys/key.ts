import type { KeyDefinitionOf, KeyType } from '../../schemas/keys.js'
import type { Secrets } from '../secrets.js'
import type { Tokens } from './pkcs11/tokens.js'

/** What data keys are wrapped by: 256 bits that never leave their place. */
export interface Key {
  /** As holdfast.yaml calls it. */
  readonly name: string
  /** 16 hex digits that tell nothing of the key: they follow from it, or stand beside it in its token. */
  readonly id: string
  /** AES-256-GCM with a random nonce. */
  wrap(plain: Buffer, associatedData: Buffer): Promise<Wrapped>
  /** Undefined where the key, or what was wrapped, is another one. */
  unwrap(wrapped: Wrapped, associatedData: Buffer): Promise<Buffer | undefined>
}

export interface Wrapped {
  readonly nonce: Buffer
  /** With the tag at its end. */
  readonly ciphertext: Buffer
}

/** The keys of holdfast.yaml, opened at the moment of use. */
export interface Keys {
  /**
   * Fails with `key.not-found`, `key.unsafe`, `key.invalid`; for a key in a token, as `Tokens.ask` and `Secrets.resolve` do
   * besides, within the limit of `Tokens.ask`. Neither the key nor a PIN is ever in a message.
   */
  named(name: string): Promise<Key>
  /** Those that can be opened here, and for each of the others a sentence that says why not. */
  all(): Promise<{ readonly keys: readonly Key[]; readonly problems: readonly string[] }>
}

/** Opens a key of one type. Fails as `Keys.named`. */
export type KeyDriver<T extends KeyType> = (
  name: string,
  definition: KeyDefinitionOf<T>,
  world: KeyWorld,
) => Promise<Key>

export interface KeyWorld {
  /** Of the worker. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** For the PINs of tokens. */
  readonly secrets: Pick<Secrets, 'resolve'>
  readonly tokens: Tokens
}
