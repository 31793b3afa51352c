import { readFileSync } from 'node:fs'
import type { Site } from '../../core/site.js'
import { readConfig } from '../../plan/validate.js'
import { homeSite } from '../plan/sites.js'

/** The site of a holdfast.yaml. Fails where that has mistakes. */
export function siteOf(configText: string): Site {
  const { config } = readConfig(configText, 'holdfast.yaml')
  if (!config) throw new Error(`This holdfast.yaml is invalid:\n${configText}`)
  return {
    ...homeSite,
    ...(config.site === undefined ? {} : { site: config.site }),
    ...(config.host === undefined ? {} : { host: config.host }),
    destinations: config.destinations ?? {},
    keys: config.keys ?? {},
    services: config.services ?? {},
    defaults: config.defaults ?? {},
  }
}

/** The site of examples/holdfast.yaml. */
export const exampleSite = (): Site =>
  siteOf(readFileSync(new URL('../../examples/holdfast.yaml', import.meta.url), 'utf8'))
