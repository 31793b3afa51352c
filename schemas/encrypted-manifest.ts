import { Type, type Static } from 'typebox'
import { Manifest, ManifestEncryption, StoredObject, Item } from './manifest.js'

const { format, id, site, plan, host, run, takenAt, completedAt, verdicts, subsetOf, tolerate } =
  Manifest.properties
const { source, type, isConsistent, notCapturedCounts } = Item.properties
const { name, kind, plainBytes, storedBytes, storedSha256 } = StoredObject.properties

export const EncryptedManifest = Type.Object(
  {
    format,
    id,
    site,
    plan,
    host,
    run,
    takenAt,
    completedAt,
    verdicts,
    subsetOf,
    tolerate,
    encryption: ManifestEncryption,
    items: Type.Array(
      Type.Object({
        source,
        type,
        isConsistent,
        notCapturedCounts,
        plainBytes,
        count: Type.Integer({ minimum: 0, description: 'All that was counted, together.' }),
        objects: Type.Array(Type.Object({ name, kind, storedBytes, storedSha256 }), {
          description: 'Its objects, without what would tell of their content.',
        }),
      }),
      { description: 'Its items, as far as listing and retention need them.' },
    ),
    downtimeMs: Type.Integer({ minimum: 0, description: 'How long a service was down, at most.' }),
    sealed: Type.String({
      description:
        'The whole manifest as JSON, encrypted as an object of the name `manifest.json` is; base64.',
      pattern: '^[A-Za-z0-9+/]+={0,2}$',
    }),
  },
  { description: 'The manifest of an encrypted backup, as it lies at its destination.' },
)
export type EncryptedManifest = Static<typeof EncryptedManifest>
