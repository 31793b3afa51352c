import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { HoldfastError } from '../../core/errors.js'
import { UNFINISHED, createDurably, removeDurably, replaceDurably } from '../durable-file.js'
import { entryText, parseEntry } from './entry.js'
import type { DamagedEntry, Journal, JournalEntry, JournalListing } from './journal.js'
import { withFileLock } from './lock.js'

const ENTRY = '.json'
/** A stop may take minutes; who waits for longer than this had better fail, and be tried again. */
const LOCK_WAIT_MS = 120_000

export interface JournalOptions {
  readonly stateDir: string
  /** Changes with every boot of the host: /proc/sys/kernel/random/boot_id. */
  readonly bootId: string
  readonly lockWaitMs?: number
}

/** The journal as files under `<stateDir>/journal`, one for each service. Independent of Temporal. */
export function createJournal({ stateDir, bootId, lockWaitMs = LOCK_WAIT_MS }: JournalOptions): Journal {
  const folder = join(stateDir, 'journal')
  const pathOf = (service: string) => join(folder, `${encodeURIComponent(service)}${ENTRY}`)

  const read = async (service: string): Promise<JournalEntry | undefined> => {
    const text = await textOf(pathOf(service))
    return text === undefined ? undefined : entryOf(pathOf(service), text, service)
  }

  return {
    folder,
    bootId,
    read,

    open: (entry) =>
      kept(folder, async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        const whole: JournalEntry = { entryVersion: 1, ...entry, bootId }
        if (await createDurably(pathOf(entry.service), entryText(whole))) return whole
        const existing = await read(entry.service)
        if (existing) return existing
        throw new HoldfastError(
          'lock.taken',
          `The journal entry of ${entry.service} was removed while it was opened.`,
        )
      }),

    update: (entry) => kept(folder, () => replaceDurably(pathOf(entry.service), entryText(entry))),

    close: (service) => kept(folder, () => removeDurably(pathOf(service))),

    list: () => listing(folder, read),

    withLock: async (service, signal, work) => {
      await kept(folder, () => mkdir(folder, { recursive: true, mode: 0o700 }))
      const file = join(folder, `${encodeURIComponent(service)}.lock`)
      return withFileLock({ file, waitMs: lockWaitMs, signal, what: service }, async () => {
        await removeUnfinished(folder, service)
        return work()
      })
    },
  }
}

async function listing(folder: string, read: Journal['read']): Promise<JournalListing> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw unusable(folder, error)
  })
  const entries: JournalEntry[] = []
  const damaged: DamagedEntry[] = []
  for (const name of names.filter(isEntryName).sort()) {
    const path = join(folder, name)
    const service = serviceOf(name)
    if (service === undefined) {
      damaged.push({ name, path })
      continue
    }
    try {
      // Undefined when it was closed in between.
      const entry = await read(service)
      if (entry) entries.push(entry)
    } catch {
      damaged.push({ name, path, service })
    }
  }
  return { entries, damaged }
}

const isEntryName = (name: string): boolean => name.endsWith(ENTRY) && !name.startsWith(UNFINISHED)

/** Only of a name that we would have written so ourselves. */
function serviceOf(name: string): string | undefined {
  const encoded = name.slice(0, -ENTRY.length)
  try {
    const service = decodeURIComponent(encoded)
    return encodeURIComponent(service) === encoded ? service : undefined
  } catch {
    return undefined
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw unusable(path, error)
  }
}

function entryOf(path: string, text: string, service: string): JournalEntry {
  const entry = parseEntry(text)
  if (entry?.service === service) return entry
  throw new HoldfastError('journal.damaged', `The journal entry ${path} cannot be read.`, {
    hint: `Holdfast may owe ${service} a start: look whether it runs as it should. To start it, and forget the entry: holdfast journal settle --start ${service}`,
    details: { service, path },
  })
}

/** What a killed process was writing; under the lock of the service nobody else writes. */
async function removeUnfinished(folder: string, service: string): Promise<void> {
  const end = `-${encodeURIComponent(service)}${ENTRY}`
  const left = (await readdir(folder)).filter((name) => name.startsWith(UNFINISHED) && name.endsWith(end))
  for (const name of left) await rm(join(folder, name), { force: true })
}

async function kept<T>(folder: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof HoldfastError ? error : unusable(folder, error)
  }
}

/** Without a journal nothing may be stopped: nobody would know that it is owed a start. */
const unusable = (path: string, cause: unknown) =>
  new HoldfastError(
    'journal.unusable',
    `The journal at ${path} cannot be used: ${(cause as Error).message}.`,
    {
      hint: 'Let the user of the Holdfast worker own the folder, and make room on its disk.',
      cause,
    },
  )
