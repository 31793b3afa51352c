import { HoldfastError } from '../../core/errors.js'
import { runObjectName } from '../../core/ids.js'
import type { Destination } from '../destinations/driver.js'
import { readSmallObject } from './small-object.js'

const RUN_FORMAT = 'holdfast.run/1'

/** Whose a folder without a manifest is. */
export interface RunOrigin {
  readonly site: string
  readonly host: string
  readonly run: { readonly workflowId: string; readonly runId: string }
}

/** Content of `run.json`. The same origin gives the same bytes, so that writing it twice succeeds. */
export const runObject = ({ site, host, run: { workflowId, runId } }: RunOrigin): string =>
  `${JSON.stringify({ format: RUN_FORMAT, site, host, run: { workflowId, runId } })}\n`

/** Undefined where there is none, or none that can be read: then nobody knows. */
export async function readRun(
  destination: Destination,
  { plan, backupId }: { plan: string; backupId: string },
  signal: AbortSignal,
): Promise<RunOrigin | undefined> {
  try {
    return parseRun(await readSmallObject(destination, runObjectName(plan, backupId), signal))
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'object.not-found') return undefined
    throw error
  }
}

function parseRun(bytes: Buffer): RunOrigin | undefined {
  try {
    const value = JSON.parse(bytes.toString('utf8')) as Partial<RunOrigin> | null
    const isRun =
      typeof value?.site === 'string' &&
      typeof value.host === 'string' &&
      typeof value.run?.workflowId === 'string' &&
      typeof value.run.runId === 'string'
    return isRun ? (value as RunOrigin) : undefined
  } catch {
    return undefined
  }
}
