import { spawn } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { lastLines, openLog } from '../temporal/log-file.js'
import { endProcess, processIdentity, type ProcessIdentity } from '../temporal/processes.js'
import type { Running } from './keep-running.js'

export interface ChildProgram {
  /** For people: `control`. */
  readonly name: string
  readonly argv: readonly [program: string, ...args: string[]]
  readonly environment: NodeJS.ProcessEnv
  readonly logFile: string
  /** It has this long to end in order; then it is killed. */
  readonly stopGraceMs: number
}

export interface ChildHooks {
  readonly onStarted: (identity: ProcessIdentity) => void
  /** It said that it does its work now. */
  readonly onReady: (identity: ProcessIdentity) => void
}

/** What a child says to its supervisor, on the channel between them. */
export const READY_MESSAGE = 'holdfast.ready'

/** A stack is at most this long; what was said before it is no reason. */
const LAST_LINES = 20
const LAST_WORDS = 3

/**
 * Starts a child in a process group of its own: Ctrl-C in the terminal must reach us alone, since the order of stopping
 * matters. It writes its log by itself, and learns of our death by the end of the channel.
 */
export async function startChild(program: ChildProgram, hooks: ChildHooks): Promise<Running> {
  const log = openLog(program.logFile)
  const logStart = (await stat(program.logFile)).size
  const [command, ...args] = program.argv
  const child = spawn(command, args, {
    env: program.environment,
    detached: true,
    stdio: ['ignore', log.descriptor, log.descriptor, 'ipc'],
  })
  log.close()
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`))
    child.once('exit', (code, signal) => {
      const how = signal === null ? `exit code ${code}` : `killed by ${signal}`
      void lastLines(program.logFile, LAST_LINES, logStart).then((lines) => {
        const words = plainWords(lines)
        resolve(words === '' ? how : `${how}: ${words}`)
      })
    })
  })
  const identity = child.pid === undefined ? undefined : processIdentity(child.pid)
  if (identity !== undefined) {
    hooks.onStarted(identity)
    child.on('message', (message) => {
      if (message === READY_MESSAGE) hooks.onReady(identity)
    })
  }
  return {
    ended,
    stop: async () => {
      if (identity !== undefined) await endProcess(identity, { graceMs: program.stopGraceMs, scope: 'group' })
      await ended
    },
  }
}

/** What it cried when it crashed. Lines of its log are JSON: they tell what it did, not why it ended. */
const plainWords = (lines: string): string =>
  lines
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('{'))
    .slice(-LAST_WORDS)
    .join('\n')
