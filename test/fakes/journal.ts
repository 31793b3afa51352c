import type { Journal, JournalEntry } from '../../activities/journal/journal.js'

/** A journal in memory. `step` is called before each change: throw there to be killed at that point. */
export function fakeJournal(step: (name: string) => void = () => undefined): Journal & {
  readonly entries: Map<string, JournalEntry>
} {
  const entries = new Map<string, JournalEntry>()
  return {
    folder: '/var/lib/holdfast/journal',
    bootId: 'this-boot',
    entries,
    open: async (entry) => {
      step('journal.open')
      const existing = entries.get(entry.service)
      if (existing) return existing
      const whole: JournalEntry = { entryVersion: 1, ...entry, bootId: 'this-boot' }
      entries.set(entry.service, whole)
      return whole
    },
    read: async (service) => entries.get(service),
    update: async (entry) => {
      step('journal.update')
      entries.set(entry.service, entry)
    },
    close: async (service) => {
      step('journal.close')
      entries.delete(service)
    },
    list: async () => ({ entries: [...entries.values()], damaged: [] }),
    withLock: (_service, _signal, work) => work(),
  }
}
