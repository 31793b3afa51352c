import { HoldfastError } from '../../core/errors.js'

export const conflict = (objectName: string, destination: string): HoldfastError =>
  new HoldfastError(
    'object.conflict',
    `Object "${objectName}" exists already at destination "${destination}", with other bytes.`,
    { hint: 'Nothing was overwritten. Find out who else writes there before you delete it.' },
  )

export const notFound = (objectName: string, destination: string): HoldfastError =>
  new HoldfastError(
    'object.not-found',
    `Object "${objectName}" is not there at destination "${destination}".`,
  )
