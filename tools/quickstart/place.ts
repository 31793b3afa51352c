import type { CommandService } from '../../schemas/services.js'

/** The paths of examples/quickstart.yaml lie here. */
export const folder = '/tmp/holdfast-quickstart'

export interface Application {
  /** As plans refer to it. */
  readonly service: string
  /** Of the `command` runtime; containers need none. */
  readonly definition?: CommandService
  isRunning(): Promise<boolean>
}
