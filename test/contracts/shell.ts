import { PassThrough, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Shell } from '../../activities/services/driver.js'
import { until } from '../support/until.js'

export interface ShellHarness {
  shell(): Shell
  /** Processes in that place whose command line has this word. */
  processesWith(word: string): Promise<number>
}

const never = () => new AbortController().signal

async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** What every Shell promises, wherever it runs commands. All commands used are those of busybox. */
export function describeShell(name: string, harness: ShellHarness): void {
  describe(`shell: ${name}`, () => {
    let counter = 0
    /** A number of seconds that no other process sleeps: the mark of one test's processes. */
    const mark = () => String(100_000 + process.pid * 10 + counter++)

    test('gives the output of a command that succeeds', async () => {
      const output = harness.shell().stream(['printf', 'a b\nc'], { signal: never() })

      expect(await textOf(output)).toBe('a b\nc')
    })

    test('passes arguments as they are: no shell reads them', async () => {
      const { stdout } = await harness
        .shell()
        .run(['printf', '%s|', '$HOME', '`id`', 'a  b', ''], { signal: never() })

      expect(stdout).toBe('$HOME|`id`|a  b||')
    })

    test('errors the stream when the command exits with another code than 0, however much it wrote', async () => {
      const output = harness
        .shell()
        .stream(['sh', '-c', 'head -c 300000 /dev/zero; echo disk on fire >&2; exit 3'], { signal: never() })
      let received = 0
      output.on('data', (chunk: Buffer) => (received += chunk.length))

      await expect(pipeline(output, sink())).rejects.toMatchObject({
        code: 'source.failed',
        message: expect.stringMatching(/"sh" \(.+\) exited with code 3: disk on fire/) as string,
      })
      expect(received).toBe(300_000)
    })

    test('errors the stream when the command is ended by a signal', async () => {
      const output = harness.shell().stream(['sh', '-c', 'echo half; kill -9 $$'], { signal: never() })

      await expect(textOf(output)).rejects.toMatchObject({ code: 'source.failed' })
    })

    test('lets the caller accept an exit code, and name a failure', async () => {
      const accepted = await harness.shell().run(['sh', '-c', 'echo partial; echo why >&2; exit 1'], {
        signal: never(),
        onExit: ({ code, stderr }) => {
          if (code !== 1 || stderr !== 'why\n') throw new Error(`unexpected ${code} ${stderr}`)
        },
      })
      const refused = harness.shell().run(['sh', '-c', 'exit 2'], {
        signal: never(),
        onExit: ({ code }) => {
          throw new Error(`my own words for ${code}`)
        },
      })

      expect(accepted).toEqual({ stdout: 'partial\n', stderr: 'why\n' })
      await expect(refused).rejects.toThrow('my own words for 2')
    })

    test('says which program is missing', async () => {
      const missing = harness.shell().run(['no-such-program-here', '--secret=1'], { signal: never() })

      await expect(missing).rejects.toMatchObject({
        code: 'source.tool-missing',
        message: expect.stringContaining('"no-such-program-here"') as string,
        hint: expect.any(String) as string,
      })
    })

    test('gives environment and nothing of ours besides', async () => {
      process.env.HOLDFAST_LEAK_CANARY = 'leaked'

      const { stdout } = await harness
        .shell()
        .run(['env'], { signal: never(), environment: { GIVEN: 'yes' } })

      delete process.env.HOLDFAST_LEAK_CANARY
      expect(stdout).toContain('GIVEN=yes\n')
      expect(stdout).toContain('PATH=')
      expect(stdout).not.toContain('leaked')
    })

    test('never repeats in a message what was given as a secret', async () => {
      const failed = harness.shell().run(['sh', '-c', 'echo "bad password $PGPASSWORD" >&2; exit 1'], {
        signal: never(),
        environment: { PGPASSWORD: 'canary-4711' },
      })

      await expect(failed).rejects.toThrow(/bad password \*\*\*/)
    })

    test('feeds text and streams to the command, to their end', async () => {
      const big = Buffer.alloc(3_000_000, 'x')

      const text = await harness.shell().run(['cat'], { signal: never(), stdin: 'hello' })
      const stream = await harness
        .shell()
        .run(['wc', '-c'], { signal: never(), stdin: Readable.from([big, big]) })
      const nothing = await harness.shell().run(['wc', '-c'], { signal: never() })

      expect(text.stdout).toBe('hello')
      expect(stream.stdout.trim()).toBe('6000000')
      expect(nothing.stdout.trim()).toBe('0')
    })

    test('never ends the input of a command whose input failed: it is killed first', async () => {
      const input = new PassThrough()
      // Answers an end of input like psql: by committing.
      const output = harness.shell().stream(['sh', '-c', 'echo ready; cat >/dev/null; echo COMMITTED'], {
        signal: never(),
        stdin: input,
      })
      let text = ''
      output.on('data', (chunk: Buffer) => (text += chunk.toString()))
      const failed = new Promise((resolve) => output.once('error', resolve))
      await until('the command runs', () => text.includes('ready'))

      input.write('half of the data')
      input.destroy(new Error('the archive is damaged'))

      expect(String(await failed)).toContain('the archive is damaged')
      expect(text).toBe('ready\n')
    })

    test('does not fail when the command succeeds without reading all of its input', async () => {
      const endless = Readable.from(
        (function* () {
          for (;;) yield Buffer.alloc(65_536)
        })(),
      )

      const { stdout } = await harness.shell().run(['head', '-c', '3'], { signal: never(), stdin: endless })

      expect(stdout).toHaveLength(3)
      expect(endless.destroyed).toBe(true)
    })

    test('kills the command and all it started when it is cancelled', async () => {
      const seconds = mark()
      const cancel = new AbortController()
      const output = harness
        .shell()
        .stream(['sh', '-c', `sleep ${seconds} & sleep ${seconds} & wait`], { signal: cancel.signal })
      output.resume()
      const failed = new Promise((resolve) => output.once('error', resolve))
      await until('both run', async () => (await harness.processesWith(`sleep ${seconds}`)) >= 2)

      cancel.abort(new Error('enough'))

      expect(String(await failed)).toContain('enough')
      expect(await harness.processesWith(seconds)).toBe(0)
    })

    test('kills a command that ignores being asked', async () => {
      const seconds = mark()
      const cancel = new AbortController()
      const output = harness
        .shell()
        .stream(['sh', '-c', `trap "" TERM; sleep ${seconds}; sleep ${seconds}`], { signal: cancel.signal })
      output.resume()
      const failed = new Promise((resolve) => output.once('error', resolve))
      await until('it runs', async () => (await harness.processesWith(seconds)) >= 1)

      cancel.abort(new Error('enough'))

      expect(String(await failed)).toContain('enough')
      expect(await harness.processesWith(seconds)).toBe(0)
    })

    test('kills the command when its reader goes away', async () => {
      const seconds = mark()
      const output = harness.shell().stream(['sh', '-c', `yes & sleep ${seconds}`], { signal: never() })
      await new Promise((resolve) => output.once('readable', resolve))

      output.destroy()

      await until('it is gone', async () => (await harness.processesWith(seconds)) === 0)
    })

    test('starts nothing when it is cancelled beforehand', async () => {
      const cancelled = harness
        .shell()
        .run(['echo', 'hello'], { signal: AbortSignal.abort(new Error('too late')) })

      await expect(cancelled).rejects.toThrow('too late')
    })

    test('loses no byte of a big output, and holds its command back while nobody reads', async () => {
      const seconds = mark()
      const bytes = 64 * 1024 * 1024
      const output = harness
        .shell()
        .stream(['sh', '-c', `head -c ${bytes} /dev/zero; : ${seconds}`], { signal: never() })
      await new Promise((resolve) => output.once('readable', resolve))

      // Unread, it must be waiting: a command that is not held back would be through in a fraction of this time.
      await delay(1000)
      const isWaiting = (await harness.processesWith(seconds)) > 0
      const held = output.readableLength
      let received = 0
      for await (const chunk of output as AsyncIterable<Buffer>) received += chunk.length

      expect(isWaiting).toBe(true)
      expect(held).toBeLessThan(1024 * 1024)
      expect(received).toBe(bytes)
    })

    test('refuses an answer that is too long to be held', async () => {
      const tooLong = harness.shell().run(['head', '-c', '9000000', '/dev/zero'], { signal: never() })

      await expect(tooLong).rejects.toThrow(/8 MiB/)
    })

    test('keeps the end of a flood of messages, and says that there was more', async () => {
      const flood = harness
        .shell()
        .run(['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" e >&2; echo the last line >&2; exit 1'], {
          signal: never(),
          onExit: ({ stderr }) => {
            expect(stderr).toMatch(/^\[\d+ bytes left out\]\n/)
            expect(stderr.length).toBeLessThan(1_100_000)
            throw new Error(stderr.slice(-14))
          },
        })

      await expect(flood).rejects.toThrow('the last line')
    })
  })
}

const sink = () =>
  new Writable({
    write: (_chunk, _encoding, done) => done(),
  })
