import type { Tools } from '../tools.js'

/** What holding a service needs of the world: also there where no Temporal is. */
export type HoldTools = Pick<Tools, 'services' | 'journal' | 'clock' | 'log'>
