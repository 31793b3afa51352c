import {
  countOf,
  downtimeOf,
  plainBytesOf,
  type Item,
  type Manifest,
  type ManifestEncryption,
  type StoredObject,
} from './backup.js'
import { HoldfastError } from './errors.js'

type InTheClear =
  | 'format'
  | 'id'
  | 'site'
  | 'plan'
  | 'host'
  | 'run'
  | 'takenAt'
  | 'completedAt'
  | 'verdicts'
  | 'subsetOf'
  | 'tolerate'

/** What anyone may read of the manifest of an encrypted backup: as much as listing and retention need. */
export interface ClearManifest extends Pick<Manifest, InTheClear> {
  readonly encryption: ManifestEncryption
  readonly items: readonly ClearItem[]
  /** The longest of its services. */
  readonly downtimeMs: number
}

export interface ClearItem extends Pick<Item, 'source' | 'type' | 'isConsistent' | 'notCapturedCounts'> {
  /** Of all its objects together. */
  readonly plainBytes: number
  /** All that was counted, together. */
  readonly count: number
  /** Digests of what is stored tell nothing of what was read; digests of that could be guessed. */
  readonly objects: readonly Pick<StoredObject, 'name' | 'kind' | 'storedBytes' | 'storedSha256'>[]
}

/** As it lies at the destination. */
export interface EncryptedManifest extends ClearManifest {
  /** The whole manifest, encrypted under the data key of the backup; base64. */
  readonly sealed: string
}

export const isSealed = (manifest: Manifest | EncryptedManifest): manifest is EncryptedManifest =>
  'sealed' in manifest

export function clearPartOf(manifest: Manifest & { readonly encryption: ManifestEncryption }): ClearManifest {
  const { format, id, site, plan, host, run, takenAt, completedAt, verdicts, subsetOf, tolerate } = manifest
  return {
    format,
    id,
    site,
    plan,
    host,
    run,
    takenAt,
    completedAt,
    verdicts,
    ...(subsetOf === undefined ? {} : { subsetOf }),
    tolerate,
    encryption: manifest.encryption,
    items: manifest.items.map(clearItemOf),
    downtimeMs: downtimeOf(manifest),
  }
}

function clearItemOf(item: Item): ClearItem {
  const { source, type, isConsistent, notCapturedCounts } = item
  const objects = item.objects.map(({ name, kind, storedBytes, storedSha256 }) => ({
    name,
    kind,
    storedBytes,
    storedSha256,
  }))
  return {
    source,
    type,
    isConsistent,
    notCapturedCounts,
    plainBytes: plainBytesOf(item),
    count: countOf(item),
    objects,
  }
}

/** The manifest with all that it says. Fails with `key.not-found` where this host has no key that opens it. */
export function requireOpened(
  {
    manifest,
    keyIds,
  }: { readonly manifest: Manifest | EncryptedManifest; readonly keyIds?: readonly string[] },
  host: string,
): Manifest {
  if (!isSealed(manifest)) return manifest
  const { id, encryption } = manifest
  throw new HoldfastError(
    'key.not-found',
    `Backup ${id} is encrypted for ${(keyIds ?? encryption.keyIds).join(', ')}, and host "${host}" can open none of these keys.`,
    {
      hint: 'Bring the key to that host, under `keys:` of its holdfast.yaml. `holdfast key list` shows the ids of the keys there.',
    },
  )
}
