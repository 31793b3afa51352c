import { readFile, readdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { DockerClient } from './docker-client.js'

/** Environment variable that all processes of one of our commands inherit: Docker has no way to end an exec. */
export const MARK = 'HOLDFAST_EXEC'

const GRACE_MS = 3000
const KILLED_MS = 2000
const POLL_MS = 100

type Signal = 'SIGTERM' | 'SIGKILL'

interface Marked {
  readonly client: DockerClient
  readonly container: string
  readonly execId: string
  readonly mark: string
  readonly how: 'ask' | 'at-once'
}

/**
 * Ends a command in a container with all that it started. From this host where we see its processes, else through a `kill`
 * inside the container, where that has a shell. Never throws; bounded.
 */
export async function endMarked(marked: Marked): Promise<void> {
  const isVisible = (await sendFromHost(marked.mark, 0)) === 'sent'
  if (!isVisible && !(await isRunning(marked))) return
  const send = isVisible
    ? (signal: Signal) => sendFromHost(marked.mark, signal)
    : (signal: Signal) => sendInside(marked, signal)
  if (marked.how === 'ask' && (await sendUntilGone(send, 'SIGTERM', GRACE_MS))) return
  await sendUntilGone(send, 'SIGKILL', KILLED_MS)
}

/** Again and again: a process may be starting another one just then. */
async function sendUntilGone(
  send: (signal: Signal) => Promise<'sent' | 'gone'>,
  signal: Signal,
  limitMs: number,
): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < limitMs; waitedMs += POLL_MS) {
    if ((await send(signal)) === 'gone') return true
    await delay(POLL_MS)
  }
  return false
}

async function isRunning({ client, execId }: Marked): Promise<boolean> {
  const { signal } = new AbortController()
  return client
    .ask((docker, abortSignal) => docker.getExec(execId).inspect({ abortSignal }), { signal })
    .then(
      (exec) => exec.Running,
      () => false,
    )
}

async function sendFromHost(mark: string, signal: Signal | 0): Promise<'sent' | 'gone'> {
  let answer: 'sent' | 'gone' = 'gone'
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name)
    if (!Number.isInteger(pid) || !(await hasMark(pid, mark))) continue
    answer = 'sent'
    try {
      process.kill(pid, signal)
    } catch {
      // It ended by itself.
    }
  }
  return answer
}

/** A zombie has no environment any more. */
async function hasMark(pid: number, mark: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '')
  return environment.split('\0').includes(mark)
}

const KILL_SCRIPT = `
found=gone
for process in /proc/[0-9]*; do
  if grep -q "$1" "$process/environ" 2>/dev/null; then found=sent; kill -"$2" "\${process#/proc/}" 2>/dev/null; fi
done
[ "$found" = gone ]`

/** For containers whose processes we do not see: Docker on another machine, or no right to look. */
export async function sendInside(
  { client, container, mark }: Pick<Marked, 'client' | 'container' | 'mark'>,
  signal: Signal,
): Promise<'sent' | 'gone'> {
  const unending = new AbortController().signal
  try {
    const exec = await client.ask(
      (docker, abortSignal) =>
        docker.getContainer(container).exec({
          Cmd: ['sh', '-c', KILL_SCRIPT, 'sh', mark, signal.slice('SIG'.length)],
          AttachStdout: true,
          User: '0',
          abortSignal,
        }),
      { signal: unending },
    )
    const output = await client.ask((docker) => docker.getExec(exec.id).start({ hijack: true }), {
      signal: unending,
    })
    output.resume()
    await new Promise((resolve) => output.once('close', resolve).once('end', resolve))
    const { ExitCode } = await client.ask((docker) => docker.getExec(exec.id).inspect(), { signal: unending })
    return ExitCode === 0 ? 'gone' : 'sent'
  } catch {
    // The container is gone, and the command with it; or the daemon is, and nothing can be done from here.
    return 'gone'
  }
}
