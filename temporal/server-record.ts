import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isRecord, readJsonFile, writeJsonFile } from './json-file.js'
import type { Ports } from './ports.js'
import type { ProcessIdentity } from './processes.js'

/** The embedded server that we started, kept while it runs: whoever comes after a killed agent adopts or ends it. */
export interface ServerRecord extends ProcessIdentity {
  readonly cliVersion: string
  readonly ports: Ports
}

const recordFile = (stateDir: string): string => join(stateDir, 'temporal', 'server.json')

export const readServer = (stateDir: string): Promise<ServerRecord | undefined> =>
  readJsonFile(recordFile(stateDir), isServerRecord)

export const recordServer = (stateDir: string, record: ServerRecord): Promise<void> =>
  writeJsonFile(recordFile(stateDir), record)

export const forgetServer = (stateDir: string): Promise<void> => rm(recordFile(stateDir), { force: true })

const isServerRecord = (value: unknown): value is ServerRecord & Record<string, unknown> =>
  isRecord(value) &&
  typeof value['pid'] === 'number' &&
  typeof value['startTime'] === 'string' &&
  typeof value['cliVersion'] === 'string' &&
  isRecord(value['ports'])
