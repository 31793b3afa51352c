import type { CommandService } from '../../schemas/services.js'
import { containerService, type ContainerService } from './container-service.js'
import type { DockerForTests } from './docker.js'
import { makeProcessService, type ProcessService } from './process-service.js'

/** What plans of the end-to-end tests hold: a process under the `command` runtime and a container, so that each case is tried on both. */
export interface HeldServices {
  /** As plans write them: the process, then the container. */
  readonly references: readonly [string, string]
  readonly command: ProcessService
  readonly container: ContainerService
  /** For `services:` of holdfast.yaml. */
  readonly definitions: Readonly<Record<string, CommandService>>
  readonly areRunning: () => Promise<boolean>
  readonly areDown: () => Promise<boolean>
  readonly start: () => Promise<void>
  readonly stop: () => Promise<void>
  /** How often each was started, whoever did it, in the order of the references. */
  readonly starts: () => Promise<readonly [number, number]>
}

/** Makes both, and starts them. The process lives in `folder`. */
export async function startHeldServices(
  docker: DockerForTests,
  name: string,
  folder: string,
): Promise<HeldServices> {
  const command = await makeProcessService(folder)
  const container = containerService(docker)
  await container.create()
  const start = async () => {
    await Promise.all([command.start(), container.start()])
  }
  await start()
  return {
    references: [`command:${name}`, container.reference],
    command,
    container,
    definitions: { [name]: command.definition },
    areRunning: async () => (await command.isRunning()) && (await container.isRunning()),
    areDown: async () => !(await command.isRunning()) && !(await container.isRunning()),
    start,
    stop: async () => {
      await Promise.all([command.stop(), container.stop()])
    },
    starts: async () => [
      (await command.history()).filter((act) => act === 'start').length,
      await container.starts(),
    ],
  }
}
