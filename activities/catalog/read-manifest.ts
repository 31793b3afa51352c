import type { ValidateFunction } from 'ajv/dist/2020.js'
import { HoldfastError } from '../../core/errors.js'
import { MANIFEST_FORMAT, type Manifest } from '../../core/backup.js'
import type { EncryptedManifest } from '../../core/encrypted-manifest.js'
import { backupFolder, manifestName, parseBackupId } from '../../core/ids.js'
import { validatorOf } from '../../schemas/validators.js'
import type { Destination } from '../destinations/driver.js'
import { readSmallObject } from './small-object.js'

const MANIFEST_NAME = /^plans\/([^/]+)\/([^/]+)\/manifest\.json$/

/** The backup whose manifest an object is; undefined for other objects. */
export function backupOfManifest(objectName: string): { plan: string; backupId: string } | undefined {
  const [, plan, backupId] = MANIFEST_NAME.exec(objectName) ?? []
  return plan === undefined || backupId === undefined ? undefined : { plan, backupId }
}

/** A manifest as it lies at its destination. */
export interface StoredManifest {
  readonly manifest: Manifest | EncryptedManifest
  /** What its code is about. */
  readonly bytes: Buffer
}

/**
 * The manifest of one backup, its shape checked. Fails with `backup.not-found`, with `backup.corrupt` when it is not what was
 * written, and with `backup.version` when a newer Holdfast wrote it.
 */
export async function readManifest(
  destination: Destination,
  { plan, backupId }: { plan: string; backupId: string },
  signal: AbortSignal,
): Promise<StoredManifest> {
  const name = manifestName(plan, backupId)
  const about = { backupId, plan, folder: backupFolder(plan, backupId), destination: destination.name }
  try {
    const bytes = await readSmallObject(destination, name, signal)
    return { bytes, manifest: checkManifest(parseJson(bytes, about), about) }
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.code !== 'object.not-found') throw error
    throw new HoldfastError(
      'backup.not-found',
      `Backup ${backupId} is not at destination "${destination.name}".`,
      {
        hint: 'See `holdfast backup list`.',
        cause: error,
      },
    )
  }
}

export interface About {
  readonly backupId: string
  readonly plan: string
  readonly folder: string
  readonly destination: string
}

/** The value as a manifest of that backup. Fails as `readManifest`. */
export function checkManifest(value: unknown, about: About): Manifest | EncryptedManifest {
  const format = (value as { format?: unknown } | null)?.format
  if (typeof format === 'string' && format !== MANIFEST_FORMAT && format.startsWith('holdfast.manifest/'))
    throw new HoldfastError(
      'backup.version',
      `Backup ${about.backupId} at destination "${about.destination}" was written as ${format}, which this version cannot read.`,
      { hint: 'Use the version of Holdfast that made it, or a newer one.' },
    )
  const isSealed = typeof value === 'object' && value !== null && 'sealed' in value
  const validate: ValidateFunction<Manifest | EncryptedManifest> = isSealed
    ? validatorOf('encrypted-manifest')
    : validatorOf('manifest')
  if (!validate(value)) {
    const [first] = validate.errors ?? []
    throw damaged(about, `${first?.instancePath || 'it'} ${first?.message ?? 'is not as it should be'}`)
  }
  const manifest: Manifest | EncryptedManifest = value
  if (manifest.id !== about.backupId || manifest.plan !== about.plan)
    throw damaged(about, `it is that of backup ${manifest.id} of plan ${manifest.plan}`)
  const isDated =
    parseBackupId(manifest.id) !== undefined && [manifest.takenAt, manifest.completedAt].every(isTime)
  if (!isDated) throw damaged(about, 'its times are no times')
  return manifest
}

function parseJson(bytes: Buffer, about: About): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw damaged(about, error instanceof Error ? error.message : 'it is no JSON')
  }
}

const isTime = (text: string): boolean => !Number.isNaN(new Date(text).getTime())

export const damaged = (about: About, why: string, cause?: unknown): HoldfastError =>
  new HoldfastError(
    'backup.corrupt',
    `The manifest of backup ${about.backupId} at destination "${about.destination}" is damaged: ${why}.`,
    {
      hint: `Restore another backup, and look at the disk. The objects beside it, in ${about.folder}, may still be good.`,
      ...(cause === undefined ? {} : { cause }),
    },
  )
