import { HoldfastError } from '../../core/errors.js'
import type { ObservedService } from '../../core/work/holds.js'
import type { HoldMode } from '../../schemas/holds.js'
import type { Tools } from '../tools.js'

/**
 * What is seen of a service that is to be held, by its canonical reference. Changes nothing. Fails where it is not there, may not
 * be held, or would not come back: `service.not-found`, `plan.not-allowed`, `service.invalid`.
 */
export async function observeForHold(
  tools: Pick<Tools, 'services' | 'allowed'>,
  { service, mode }: { readonly service: string; readonly mode: HoldMode },
  signal: AbortSignal,
): Promise<ObservedService> {
  await tools.allowed.service(service)
  const { driver, name } = tools.services.driver(service)
  const observed = await driver.observe(name, signal)
  if (mode === 'stop' && observed.endsWithStop) throw endsWithStop(service)
  return observed
}

const endsWithStop = (service: string): HoldfastError =>
  new HoldfastError(
    'service.invalid',
    `${service} cannot be stopped: it was made with --rm, so Docker would remove it, and nobody could start it again.`,
    { hint: 'Make it without --rm, or hold it with "mode: pause".' },
  )
