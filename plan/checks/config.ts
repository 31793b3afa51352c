import type { ConfigFile } from '../../schemas/config.js'
import { errorAt, errorAtKey, type Draft, type Mistake } from '../mistakes.js'
import type { PlanFile } from '../../schemas/plan.js'
import { bucketMistakes } from './buckets.js'
import { destinationMistakes } from './destinations.js'
import { encryptionMistakes } from './encryption.js'
import { exceptionMistakes } from './globs.js'
import { holdMistakes } from './holds.js'
import { limitMistakes } from './limits.js'
import { placeMistakes } from './places.js'
import { rateMistakes } from './rates.js'
import { scheduleMistakes } from './schedule.js'
import { verificationMistakes } from './verification.js'

/** What holdfast.yaml says that does not fit together. */
export function configMistakes(config: Draft<ConfigFile>): readonly Mistake[] {
  return [
    ...globMistakes(config),
    ...temporalMistakes(config),
    ...placeMistakes(config.destinations ?? {}),
    ...bucketMistakes(config),
    ...rateMistakes(config),
    ...defaultsMistakes(config),
  ]
}

/** Plans are what git has beside the configuration; a search elsewhere could walk over a whole disk. */
function globMistakes({ plans, allow }: Draft<ConfigFile>): readonly Mistake[] {
  const elsewhere = (plans ?? []).flatMap((glob, index) =>
    glob.startsWith('/') || glob.split('/').includes('..')
      ? [
          errorAt(
            ['plans', index],
            'must lie below the folder of holdfast.yaml.',
            'For example: plans/*.yaml',
          ),
        ]
      : [],
  )
  return [
    ...elsewhere,
    ...exceptionMistakes(plans, ['plans']),
    ...exceptionMistakes(allow?.services, ['allow', 'services']),
  ]
}

function temporalMistakes({ temporal }: Draft<ConfigFile>): readonly Mistake[] {
  const tls = temporal?.tls
  const mistakes: Mistake[] = []
  if (typeof tls === 'object' && (tls.certificate === undefined) !== (tls.key === undefined)) {
    mistakes.push(
      errorAtKey(
        ['temporal', 'tls'],
        'a client needs both "certificate" and "key".',
        'Add the other one, or remove both.',
      ),
    )
  }
  if (tls === false && temporal?.apiKey !== undefined) {
    mistakes.push(
      errorAt(['temporal', 'tls'], 'would send the API key in the clear.', 'Remove "tls: false".'),
    )
  }
  return mistakes
}

function defaultsMistakes(config: Draft<ConfigFile>): readonly Mistake[] {
  const { defaults } = config
  if (defaults === undefined) return []
  const site = {
    host: config.host ?? '',
    destinations: config.destinations ?? {},
    keys: config.keys ?? {},
    services: config.services ?? {},
    defaults: {},
  }
  // Only names are looked up: what was pruned from an entry does not matter here.
  const facts = site as Parameters<typeof holdMistakes>[1]
  const asPlan: Draft<PlanFile> = defaults
  const mistakes = [
    ...(defaults.schedule ? scheduleMistakes(defaults.schedule, ['schedule']) : []),
    ...verificationMistakes(asPlan),
    ...holdMistakes(asPlan, facts),
    ...destinationMistakes(asPlan, facts),
    ...encryptionMistakes(asPlan, facts),
    ...limitMistakes(asPlan),
  ]
  return mistakes.map((mistake) => ({ ...mistake, path: ['defaults', ...mistake.path] }))
}
