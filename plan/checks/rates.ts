import type { ConfigFile } from '../../schemas/config.js'
import { parseRate } from '../../core/units.js'
import { errorAt, type Draft, type Mistake } from '../mistakes.js'

/** Slower than this, servers take a line for dead between one piece and the next. */
const LEAST = '64KiB/s'

/** Rates of destinations that nothing could work with. */
export const rateMistakes = ({ destinations }: Draft<ConfigFile>): readonly Mistake[] =>
  Object.entries(destinations ?? {}).flatMap(([name, { limits }]) =>
    (['upload', 'download'] as const).flatMap((direction) => {
      const rate = limits?.[direction]
      if (rate === undefined || parseRate(rate) >= parseRate(LEAST)) return []
      return [errorAt(['destinations', name, 'limits', direction], `must be at least ${LEAST}.`)]
    }),
  )
