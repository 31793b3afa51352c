import { randomBytes } from 'node:crypto'
import type Docker from 'dockerode'
import type { DockerForTests } from './docker.js'

/** A real container that tests hold: found again by its name, also when it was recreated. */
export interface ContainerService {
  /** As plans write it. */
  readonly reference: string
  readonly container: () => Docker.Container
  /** Makes it, also again, without starting it. */
  readonly create: () => Promise<Docker.Container>
  readonly isRunning: () => Promise<boolean>
  readonly startedAt: () => Promise<string>
}

export function containerService(docker: DockerForTests, host: Docker.HostConfig = {}): ContainerService {
  const name = `held-${randomBytes(4).toString('hex')}`
  const container = () => docker.docker.getContainer(name)
  const state = async () => (await container().inspect()).State
  return {
    reference: `docker:${name}`,
    container,
    create: async () => (await docker.create(docker.tinyImage, { name, HostConfig: host })).container,
    isRunning: async () => (await state()).Running,
    startedAt: async () => (await state()).StartedAt,
  }
}
