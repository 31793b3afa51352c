import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createDestinationKinds } from '../../../activities/destinations/registry.js'
import { createSecrets } from '../../../activities/secrets.js'
import { destinationWorld } from '../../support/destination-world.js'
import { isAlive } from '../../support/processes.js'
import { temporaryFolder } from '../../support/temporary-folder.js'
import { until } from '../../support/until.js'
import { collect } from '../pipeline/bytes.js'

const { signal } = new AbortController()
const SECRET = 'canary-t0ken'
const secrets = createSecrets({ environment: { TOKEN: SECRET }, shell: destinationWorld.shell })
const folder = temporaryFolder()
let made = 0

/** A plugin that is a few lines of shell; the request is in `$request`. */
function pluginOf(script: string) {
  const file = join(folder(), `plugin-${made++}.sh`)
  writeFileSync(file, `#!/bin/sh\nread -r request\n${script}\n`, { mode: 0o700 })
  return createDestinationKinds({ ...destinationWorld, secrets }).plugin.open('shelf', {
    type: 'plugin',
    command: [file],
    settings: { folder: folder() },
    secrets: { token: { env: 'TOKEN' } },
  })
}
const put = (destination: ReturnType<typeof pluginOf>, text = 'hello') =>
  destination.put('x', Readable.from([Buffer.from(text)]), { signal })

it('tells a plugin its settings and secrets on standard input, not by argument or environment', async () => {
  const record = join(folder(), 'seen')
  const destination = pluginOf(
    `{ echo "$request"; echo "arguments: $*"; env; } > ${record}; echo '{"done":null}'`,
  )

  expect(await destination.stat('plans/x', signal)).toBeUndefined()

  const [request = '', ...others] = readFileSync(record, 'utf8').split('\n')
  expect(JSON.parse(request)).toEqual({
    protocol: 1,
    operation: 'stat',
    object: 'plans/x',
    settings: { folder: folder() },
    secrets: { token: SECRET },
  })
  // `request` is a variable of the script that it does not export.
  expect(others.join('\n')).not.toContain(SECRET)
})

it.each([
  ['denied', 'destination.denied'],
  ['full', 'destination.full'],
  ['no-place', 'destination.not-mounted'],
  ['unavailable', 'destination.unavailable'],
  ['invalid', 'config.invalid'],
  ['unsupported', 'destination.unsupported'],
  ['something else', 'destination.plugin-failed'],
])('takes the error "%s" for %s, with its message and without secrets', async (code, expected) => {
  const destination = pluginOf(
    `echo '{"error":{"code":"${code}","message":"no way with ${SECRET}"}}'; exit 1`,
  )

  const failing = destination.stat('x', signal)

  await expect(failing).rejects.toMatchObject({
    code: expected,
    message: expect.stringContaining('says: no way with ***') as string,
  })
})

it.each([
  ['that says nothing', 'exit 0', /before it said "done"/],
  ['that exits with a code', `echo "bad ${SECRET}" >&2; exit 3`, /exited with code 3: bad \*\*\*/],
  ['that exits with a code after "done"', `echo '{"done":null}'; exit 3`, /exited with code 3/],
  ['that says more after "done"', `echo '{"done":null}'; echo more`, /wrote more after "done"/],
  ['that speaks otherwise', 'echo hello', /none of the protocol: hello/],
  ['that never ends a line', 'head -c 100000 /dev/zero', /too long a line/],
  ['that tells no size', `echo '{"done":{}}'`, /without "bytes"/],
])('refuses a plugin %s', async (_, script, words) => {
  await expect(pluginOf(script).stat('x', signal)).rejects.toMatchObject({
    code: 'destination.plugin-failed',
    message: expect.stringMatching(words) as string,
  })
})

it('says that there is no such program', async () => {
  const destination = createDestinationKinds(destinationWorld).plugin.open('shelf', {
    type: 'plugin',
    command: ['/nowhere/plugin'],
  })

  await expect(destination.stat('x', signal)).rejects.toMatchObject({ code: 'destination.plugin-failed' })
})

it.each([
  ['another number of bytes', `cat > /dev/null; echo '{"done":{"bytes":4}}'`],
  ['"done" before the end', `echo '{"done":{"bytes":5}}'`],
])('does not believe that an object was stored when a plugin says %s', async (_, script) => {
  await expect(put(pluginOf(script), 'hello!')).rejects.toMatchObject({
    code: 'destination.plugin-failed',
  })
})

it('never tells a plugin that a body is whole when it failed', async () => {
  const record = join(folder(), 'body')
  const destination = pluginOf(`cat > ${record}`)
  const body = Readable.from(
    (async function* () {
      yield Buffer.from('hello')
      await until('the first chunk is there', () => readFileSync(record, 'utf8').includes('hello'))
      throw new Error('the dump broke')
    })(),
  )
  writeFileSync(record, '')

  await expect(destination.put('x', body, { signal })).rejects.toThrow('the dump broke')

  expect(readFileSync(record, 'utf8')).toBe('5\nhello')
})

it('errors a download that a plugin ends early, at any place', async () => {
  const scripts = [`printf '5\\nhel'`, `printf '5\\nhello'`, `printf '5\\nhello0\\n'`]
  for (const script of scripts) {
    const body = await pluginOf(script).get('x', { signal })
    await expect(collect(body as AsyncIterable<Buffer>)).rejects.toMatchObject({
      code: 'destination.plugin-failed',
    })
  }
})

it('refuses a list that is not sorted, and leaves out names that cannot be ours', async () => {
  const line = (name: string) =>
    `echo '{"object":{"name":"${name}","bytes":1,"modifiedAt":"2026-03-01T02:30:00Z"}}'`
  const names = async (script: string) => {
    const found: string[] = []
    for await (const { name } of pluginOf(script).list('', signal)) found.push(name)
    return found
  }

  expect(await names(`${line('../x')}; ${line('.y')}; ${line('a')}; echo '{"done":{}}'`)).toEqual(['a'])
  await expect(names(`${line('b')}; ${line('a')}; echo '{"done":{}}'`)).rejects.toThrow('not sorted')
})

it('ends a plugin when nobody wants the rest, and when it is cancelled', async () => {
  const pids = join(folder(), 'pids')
  mkdirSync(pids)
  const pidOf = (name: string) => Number(readFileSync(join(pids, name), 'utf8'))
  const hanging = (name: string) => pluginOf(`echo $$ > ${pids}/${name}; printf '5\\nhello'; sleep 600`)
  const controller = new AbortController()

  const left = await hanging('left').get('x', { signal })
  left.once('data', () => left.destroy())
  const cancelled = pluginOf(`echo $$ > ${pids}/cancelled; sleep 600`).stat('x', controller.signal)
  cancelled.catch(() => undefined)
  await until('both run', () => {
    try {
      return pidOf('left') > 0 && pidOf('cancelled') > 0
    } catch {
      return false
    }
  })
  controller.abort(new Error('cancelled'))

  await expect(cancelled).rejects.toThrow('cancelled')
  await until('both have ended', () => !isAlive(pidOf('left')) && !isAlive(pidOf('cancelled')))
})

it('takes signs of life for nothing else', async () => {
  const destination = pluginOf(`echo '{"working":true}'; echo '{"done":{"bytes":7}}'`)

  expect(await destination.freeBytes(signal)).toBe(7)
})
