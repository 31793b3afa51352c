import { Type, type Static } from 'typebox'
import { strict } from './common.js'
import { oneOfTypes } from './one-of.js'

const argv = (description: string, example: string[]) =>
  Type.Array(Type.String(), { minItems: 1, maxItems: 100, description, examples: [example] })

export const CommandService = strict(
  {
    type: Type.Literal('command', {
      description: 'A service that commands stop, start and ask.',
      examples: ['command'],
    }),
    stop: argv('Program and arguments that stop the service and return when it has stopped.', [
      'supervisorctl',
      'stop',
      'web',
    ]),
    start: argv('Program and arguments that start the service and return when it was started.', [
      'supervisorctl',
      'start',
      'web',
    ]),
    isRunning: argv(
      'Program and arguments that exit with 0 when the service runs, and with another code when it does not.',
      ['pgrep', '-f', 'web.py'],
    ),
  },
  'A service that commands stop, start and ask. Commands stand in holdfast.yaml only: plans cannot bring their own.',
)
export type CommandService = Static<typeof CommandService>

export const ServiceDefinition = oneOfTypes(
  [CommandService],
  'How a service of the `command` runtime is stopped, started and asked.',
  {
    type: 'command',
    stop: ['supervisorctl', 'stop', 'web'],
    start: ['supervisorctl', 'start', 'web'],
    isRunning: ['pgrep', '-f', 'web.py'],
  },
)
export type ServiceDefinition = Static<typeof ServiceDefinition>
