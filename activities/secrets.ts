import type { ConfigSecret } from '../schemas/common.js'

/** Resolves references to secrets, at the moment of use, on the host that needs them. */
export interface Secrets {
  /** Fails with `secret.not-found`, and with `secret.unsafe` for a file that others can read. The value is never in a message. */
  resolve(reference: ConfigSecret): Promise<string>
}
