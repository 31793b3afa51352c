import { randomBytes } from 'node:crypto'
import type { DriverWorld } from '../../activities/destinations/registry.js'
import { createSecrets } from '../../activities/secrets.js'
import { createHostShell } from '../../activities/services/shell.js'

const shell = createHostShell(process.env)

/** What drivers of destinations are given, for real. */
export const destinationWorld: DriverWorld = {
  random: (digits) => randomBytes(digits).toString('hex').slice(0, digits),
  clock: () => new Date(),
  shell,
  secrets: createSecrets({ environment: process.env, shell }),
}
