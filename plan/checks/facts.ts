import type { Site } from '../../core/site.js'

/** What a plan is checked against: what holdfast.yaml says. */
export type SiteFacts = Pick<Site, 'host' | 'destinations' | 'keys' | 'services' | 'defaults'>
