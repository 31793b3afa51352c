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
  /** Nothing happens where it runs already. */
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  readonly isRunning: () => Promise<boolean>
  readonly startedAt: () => Promise<string>
  /** How often it was started, whoever did it. */
  readonly starts: () => Promise<number>
}

export function containerService(docker: DockerForTests, host: Docker.HostConfig = {}): ContainerService {
  const name = `held-${randomBytes(4).toString('hex')}`
  const container = () => docker.docker.getContainer(name)
  const state = async () => (await container().inspect()).State
  const unlessSo = (change: Promise<unknown>) =>
    change.then(
      () => undefined,
      (error: { statusCode?: number }) => {
        if (error.statusCode !== 304) throw error
      },
    )
  return {
    reference: `docker:${name}`,
    container,
    create: async () => {
      // A health check would be a process every second, for nothing.
      const options = { name, HostConfig: host, Healthcheck: { Test: ['NONE'] } }
      return (await docker.create(docker.tinyImage, options)).container
    },
    start: () => unlessSo(container().start()),
    stop: () => unlessSo(container().stop({ t: 5 })),
    isRunning: async () => (await state()).Running,
    startedAt: async () => (await state()).StartedAt,
    starts: async () => {
      const log = await container().logs({ stdout: true, follow: false })
      return log.toString('latin1').split('started').length - 1
    },
  }
}
