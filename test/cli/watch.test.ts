import type { Terminal } from '../../cli/terminal.js'
import { watchRun, type Watching } from '../../cli/watch.js'
import type { RunProgress } from '../../core/messages.js'
import type { Session } from '../../operations/session.js'
import { fakeSite } from '../fakes/site.js'
import { testWorld } from '../operations/support.js'
import { until } from '../support/until.js'

const run = { workflowId: 'backup/shop/1', runId: 'r' }
const progress: RunProgress = { phase: 'capturing', backupId: '1', sources: [], holds: [] }

type Answer = 'watch' | 'leave' | 'cancel'

/** A run that ends when told, on a terminal that answers as told. */
function scene(options: { isInteractive: boolean; answers?: readonly (Answer | Error | 'never')[] }) {
  const answers = [...(options.answers ?? [])]
  const written: string[] = []
  let finish!: (result: unknown) => void
  const result = new Promise((resolve) => (finish = resolve))
  let listener: ((signal: string) => void) | undefined
  let asked = 0
  let cancelled = 0
  const handle = {
    query: async () => progress,
    describe: async () => ({ raw: {} }),
    cancel: async () => void cancelled++,
  }
  const client = {
    workflow: { result: () => result, getHandle: () => handle },
    connection: { withAbortSignal: (_: AbortSignal, work: () => unknown) => work() },
  } as unknown as Session['client']
  const terminal: Terminal = {
    isInteractive: options.isInteractive,
    isLive: false,
    columns: 80,
    rows: 24,
    write: (text) => void written.push(text),
    confirm: async () => true,
    ask: async (_, otherwise) => otherwise,
    choose: async <T extends string>(_: string, __: unknown, signal?: AbortSignal) => {
      asked++
      const answer = answers.shift() ?? 'never'
      if (answer instanceof Error) throw answer
      if (answer !== 'never') return answer as unknown as T
      return new Promise<T>((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true }),
      )
    },
  }
  const watching: Watching = {
    session: { site: fakeSite(), world: testWorld, client },
    terminal,
    clock: () => new Date(),
    progress: 'plain',
    onInterrupt: (given) => {
      listener = given
      return () => (listener = undefined)
    },
  }
  return {
    watching,
    written,
    finish,
    interrupt: (signal = 'SIGINT') => listener?.(signal),
    isListening: () => listener !== undefined,
    asked: () => asked,
    cancelled: () => cancelled,
  }
}

const isListening = (one: ReturnType<typeof scene>) => until('it listens', one.isListening)

test('the result of the run is returned, after its progress was shown', async () => {
  const one = scene({ isInteractive: false })
  const watched = watchRun(one.watching, run)
  await until('progress is shown', () => one.written.length > 0)

  one.finish({ outcome: 'good' })

  expect(await watched).toEqual({ outcome: 'good' })
  expect(one.written.join('')).toContain('1: reading')
  expect(one.isListening()).toBe(false)
})

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'])(
  '%s without a terminal leaves the run going and says how to find it',
  async (signal) => {
    const one = scene({ isInteractive: false })
    const watched = watchRun(one.watching, run)
    await isListening(one)

    one.interrupt(signal)

    await expect(watched).rejects.toMatchObject({
      name: 'Cancelled',
      message: expect.stringContaining('holdfast run watch backup/shop/1') as string,
    })
    expect(one.asked()).toBe(0)
    expect(one.cancelled()).toBe(0)
  },
)

test('Ctrl-C on a terminal asks, and who wants to leave leaves the run going', async () => {
  const one = scene({ isInteractive: true, answers: ['leave'] })
  const watched = watchRun(one.watching, run)
  await isListening(one)

  one.interrupt()

  await expect(watched).rejects.toMatchObject({ name: 'Cancelled' })
  expect(one.asked()).toBe(1)
  expect(one.cancelled()).toBe(0)
})

test('who wants to cancel cancels the run, and it is watched to its end', async () => {
  const one = scene({ isInteractive: true, answers: ['cancel'] })
  const watched = watchRun(one.watching, run)
  await isListening(one)

  one.interrupt()
  await until('the run was told', () => one.cancelled() === 1)
  one.finish({ outcome: 'good' })

  expect(await watched).toEqual({ outcome: 'good' })
})

test('who wants to keep watching is asked again the next time', async () => {
  const one = scene({ isInteractive: true, answers: ['watch', 'watch'] })
  const watched = watchRun(one.watching, run)
  await isListening(one)

  one.interrupt()
  // The answer is taken in before anything else that happens to the process.
  await new Promise((resolve) => setImmediate(resolve))
  one.interrupt()
  expect(one.asked()).toBe(2)
  one.finish('end')

  expect(await watched).toBe('end')
})

test.each([
  ['a second Ctrl-C at the question', [Object.assign(new Error('closed'), { name: 'ExitPromptError' })]],
  ['a signal while the question is open', ['never' as const]],
])('%s leaves the run going', async (_, answers) => {
  const one = scene({ isInteractive: true, answers })
  const watched = watchRun(one.watching, run)
  await isListening(one)

  one.interrupt()
  await until('asked', () => one.asked() === 1)
  one.interrupt('SIGTERM')

  await expect(watched).rejects.toMatchObject({ name: 'Cancelled' })
  expect(one.cancelled()).toBe(0)
})

test('a run that ends while the question is open gives its result', async () => {
  const one = scene({ isInteractive: true, answers: ['never'] })
  const watched = watchRun(one.watching, run)
  await isListening(one)
  one.interrupt()
  await until('asked', () => one.asked() === 1)

  one.finish('end')

  expect(await watched).toBe('end')
})
