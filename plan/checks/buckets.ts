import type { ConfigFile } from '../../schemas/config.js'
import { errorAt, errorAtKey, type Draft, type Mistake } from '../mistakes.js'

/** What S3 destinations say that does not fit together. */
export function bucketMistakes({ destinations }: Draft<ConfigFile>): readonly Mistake[] {
  const seen = new Map<string, string>()
  return Object.entries(destinations ?? {}).flatMap(([name, settings]) => {
    if (settings.type !== 's3') return []
    const { bucket, prefix, endpoint, region, kmsKeyId, serverSideEncryption } = settings
    const at = ['destinations', name]
    const mistakes: Mistake[] = []
    if (endpoint === undefined && region === undefined)
      mistakes.push(
        errorAtKey(
          at,
          'needs the region of the bucket, or the endpoint of a store.',
          'For example: region: eu-central-1',
        ),
      )
    if (kmsKeyId !== undefined && serverSideEncryption !== 'aws:kms')
      mistakes.push(
        errorAt(
          [...at, 'kmsKeyId'],
          'is used by no other than "serverSideEncryption: aws:kms".',
          'Add that, or remove the key.',
        ),
      )
    if (bucket !== undefined) {
      // Two names for one place: each would take the backups of the other for its own.
      const place = JSON.stringify([endpoint?.replace(/\/$/, ''), bucket, prefix])
      const other = seen.get(place)
      if (other !== undefined)
        mistakes.push(errorAt([...at, 'bucket'], `is the place of the destination "${other}", too.`))
      seen.set(place, name)
    }
    return mistakes
  })
}
