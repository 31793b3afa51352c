import type { KeyType } from '../../schemas/keys.js'
import { environment } from './environment.js'
import { file } from './file.js'
import type { KeyDriver } from './key.js'
import { pkcs11 } from './pkcs11.js'

export const keyDrivers: { readonly [T in KeyType]: KeyDriver<T> } = {
  file,
  env: environment,
  pkcs11,
}
