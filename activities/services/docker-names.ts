import type Docker from 'dockerode'
import { HoldfastError } from '../../core/errors.js'

/** The name of a container as people write it. */
export const nameOf = (container: Pick<Docker.ContainerInspectInfo, 'Name'>): string =>
  container.Name.replace(/^\//, '')

export const containerMissing = (name: string, cause?: unknown): HoldfastError =>
  new HoldfastError('service.not-found', `Container "${name}" does not exist.`, {
    hint: 'Create it, or correct the reference in the plan.',
    cause,
  })
