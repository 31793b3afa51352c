import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import type { Readable } from 'node:stream'
import { HoldfastError } from '../../core/errors.js'
import { MANIFEST_FORMAT, type Manifest } from '../../core/backup.js'
import { backupFolder, manifestName, parseBackupId } from '../../core/ids.js'
import { Manifest as ManifestSchema } from '../../schemas/manifest.js'
import type { Destination } from '../destinations/driver.js'

/** A thousand names per source and the text of a plan stay far below it; a larger file is none of ours. */
const MAX_MANIFEST_BYTES = 32 * 2 ** 20

const MANIFEST_NAME = /^plans\/([^/]+)\/([^/]+)\/manifest\.json$/

/** The backup whose manifest an object is; undefined for other objects. */
export function backupOfManifest(objectName: string): { plan: string; backupId: string } | undefined {
  const [, plan, backupId] = MANIFEST_NAME.exec(objectName) ?? []
  return plan === undefined || backupId === undefined ? undefined : { plan, backupId }
}

/**
 * The manifest of one backup, checked. Fails with `backup.not-found`, with `backup.corrupt` when it is not what was
 * written, and with `backup.version` when a newer Holdfast wrote it.
 */
export async function readManifest(
  destination: Destination,
  { plan, backupId }: { plan: string; backupId: string },
  signal: AbortSignal,
): Promise<Manifest> {
  const name = manifestName(plan, backupId)
  const about = { backupId, plan, folder: backupFolder(plan, backupId), destination: destination.name }
  try {
    return parseManifest(await readSmallObject(destination, name, signal), about)
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

interface About {
  readonly backupId: string
  readonly plan: string
  readonly folder: string
  readonly destination: string
}

function parseManifest(bytes: Buffer, about: About): Manifest {
  const value = parseJson(bytes, about)
  const format = (value as { format?: unknown } | null)?.format
  if (typeof format === 'string' && format !== MANIFEST_FORMAT && format.startsWith('holdfast.manifest/'))
    throw new HoldfastError(
      'backup.version',
      `Backup ${about.backupId} at destination "${about.destination}" was written as ${format}, which this version cannot read.`,
      { hint: 'Use the version of Holdfast that made it, or a newer one.' },
    )
  const validate = manifestValidator()
  if (!validate(value)) {
    const [first] = validate.errors ?? []
    throw damaged(about, `${first?.instancePath || 'it'} ${first?.message ?? 'is not as it should be'}`)
  }
  const manifest: Manifest = value
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

const damaged = (about: About, why: string): HoldfastError =>
  new HoldfastError(
    'backup.corrupt',
    `The manifest of backup ${about.backupId} at destination "${about.destination}" is damaged: ${why}.`,
    {
      hint: `Restore another backup, and look at the disk. The objects beside it, in ${about.folder}, may still be good.`,
    },
  )

let compiled: ValidateFunction<ManifestSchema> | undefined
/** Compiling takes longer than to list a hundred backups: once per process, and only when asked. */
function manifestValidator(): ValidateFunction<ManifestSchema> {
  compiled ??= new Ajv2020({
    strict: true,
    strictRequired: false,
    discriminator: true,
  }).compile<ManifestSchema>(ManifestSchema)
  return compiled
}

/** Whole content of an object of ours that is small by its nature. Fails with `object.corrupt` when it is not. */
export async function readSmallObject(
  destination: Destination,
  objectName: string,
  signal: AbortSignal,
): Promise<Buffer> {
  const body: Readable = await destination.get(objectName, { signal })
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_MANIFEST_BYTES)
      throw new HoldfastError(
        'object.corrupt',
        `Object ${objectName} at destination "${destination.name}" is larger than it can be.`,
        { hint: 'Something else wrote it. Move it away, and look at who can write there.' },
      )
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
