import { HoldfastError } from '../core/errors.js'
import { dataOf, type RestoreStatus, type RestoreSummary } from '../core/restore-end.js'
import { placesOf, type Copies, type RestoreDetails } from '../core/restore-places.js'
import type { RestoreList } from '../core/work/restore.js'
import { restoreRecords, type RestoreRecord } from './restore-records.js'
import type { Tools } from './tools.js'
import { effectsOfUndo, safetyCopiesOf } from './undo-restore.js'
import type { DriverWork } from './with-driver.js'

/** The restores that this host remembers, newest first. */
export async function listRestores(tools: Tools): Promise<RestoreList> {
  const { records, problems } = await restoreRecords(tools.site.stateDir).list()
  const restores: RestoreSummary[] = []
  for (const record of records) {
    const { items: _items, request: _request, ...summary } = await statusOf(tools, record)
    restores.push(summary)
  }
  return { restores, problems }
}

/** Fails with `restore.not-found`. */
export const showRestore = async (tools: Tools, restoreId: string): Promise<RestoreStatus> =>
  statusOf(tools, await restoreRecords(tools.site.stateDir).require(restoreId))

/**
 * With where its data is now. A source whose driver cannot look (its server is down) is a problem beside the rest. Fails with
 * `restore.not-found`.
 */
export async function describeRestore(work: DriverWork, restoreId: string): Promise<RestoreDetails> {
  const record = await restoreRecords(work.tools.site.stateDir).require(restoreId)
  const problems: string[] = []
  const copies: Record<string, Copies> = {}
  // Before its swap there are none.
  for (const item of dataOf(record.state) === 'old' ? [] : record.items) {
    const present = await safetyCopiesOf(work, item).catch((error: unknown) => {
      if (!(error instanceof HoldfastError)) throw error
      problems.push(`The safety copies of "${item.source}" could not be looked at: ${error.message}`)
      return undefined
    })
    const kept = record.state === 'swapped' ? record.kept?.[item.source] : undefined
    copies[item.source] = { present, ...(kept === undefined ? {} : { kept }) }
  }
  return { ...(await statusOf(work.tools, record)), places: placesOf(record, copies), problems }
}

/** Changes nothing. */
export const previewUndo = async (work: DriverWork, restoreId: string): Promise<readonly string[]> =>
  effectsOfUndo(work, await restoreRecords(work.tools.site.stateDir).require(restoreId))

async function statusOf({ journal }: Tools, record: RestoreRecord): Promise<RestoreStatus> {
  const { format: _format, kept: _kept, run: _run, ...status } = record
  const down: string[] = []
  for (const service of record.scope.hold?.services ?? []) {
    const entry = await journal.read(service)
    if (entry?.lease === 'write' && entry.restoreId === record.restoreId) down.push(service)
  }
  return { ...status, down }
}
