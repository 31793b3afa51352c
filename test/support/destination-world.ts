import { randomBytes } from 'node:crypto'
import type { DestinationWorld } from '../../activities/destinations/registry.js'
import { createSecrets } from '../../activities/secrets.js'
import { createHostShell } from '../../activities/services/shell.js'

const shell = createHostShell(process.env)

/** What drivers of destinations are given, for real. */
export const destinationWorld: DestinationWorld = {
  random: (digits) => randomBytes(digits).toString('hex').slice(0, digits),
  shell,
  secrets: createSecrets({ environment: process.env, shell }),
}
