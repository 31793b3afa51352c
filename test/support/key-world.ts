import { fileURLToPath } from 'node:url'
import type { KeyWorld } from '../../activities/keys/key.js'
import { createTokens } from '../../activities/keys/pkcs11/tokens.js'
import { createSecrets } from '../../activities/secrets.js'
import { createHostShell } from '../../activities/services/shell.js'

/** What workers run for a PKCS#11 module, as it was built. */
const TOKEN_PROGRAM = fileURLToPath(
  new URL('../../dist/activities/keys/pkcs11/token-process.js', import.meta.url),
)

/** What real keys are opened with, where this is the environment of the worker. */
export const keyWorld = (environment: KeyWorld['environment']): KeyWorld => ({
  environment,
  secrets: createSecrets({ environment, shell: createHostShell(process.env) }),
  tokens: createTokens({ program: TOKEN_PROGRAM, environment }),
})
