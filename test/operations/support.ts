import { Client, Connection } from '@temporalio/client'
import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Site } from '../../core/site.js'
import type { OperationsWorld, Session } from '../../operations/session.js'
import { fakeSite } from '../fakes/site.js'
import type { TestTemporal } from '../support/temporal.js'

export const testWorld: OperationsWorld = {
  clock: () => new Date(),
  random: (digits) => randomBytes(digits).toString('hex').slice(0, digits),
  uuid: randomUUID,
  sleep: (milliseconds, signal) => delay(milliseconds, undefined, { signal }).catch(() => undefined),
  resolveSecret: async () => 'no secret',
}

/** A session as commands have it, over a connection of their kind. */
export async function openSession(
  { address, namespace }: TestTemporal,
  changes: Partial<Site> = {},
): Promise<Session & { close(): Promise<void> }> {
  const connection = await Connection.connect({ address })
  return {
    site: fakeSite(changes),
    world: testWorld,
    client: new Client({ connection, namespace }),
    close: () => connection.close(),
  }
}
