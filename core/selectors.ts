import type { HeldServices } from '../schemas/holds.js'

/** `docker:shop-web`; or what stands for it: `containers with label "holdfast.plan=shop"`. */
export function selectorInWords(services: HeldServices): string {
  if (typeof services === 'string') return services
  return services.usesVolume === undefined
    ? `containers with label "${services.label}"`
    : `containers with volume "${services.usesVolume}"`
}
