import { appendFileSync, chmodSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { CommandOptions, Shell } from '../../../activities/services/driver.js'
import { createHostShell } from '../../../activities/services/shell.js'
import { files } from '../../../activities/sources/files.js'
import { collect, noise } from '../pipeline/bytes.js'
import { MemorySink } from '../../fakes/sink.js'
import { treeForEachTest } from './files-support.js'
import { testWith } from '../../support/needs.js'

const LARGE = 16 * 1024 * 1024
const host = createHostShell(process.env)
/** The host's short commands are left alone. */
const run: Shell['run'] = (argv, options) => host.run(argv, options)
const place = treeForEachTest()

/** A host on which something happens to the files at a known moment of the reading. */
const hostWhere = (happens: {
  /** After the walk, before tar reads. */
  listed?: () => void
  /** While tar is in the middle of a large file. */
  reading?: () => void
  user?: CommandOptions['user']
}): Shell => ({
  ...host,
  place: 'host',
  run,
  stream: (argv, options) =>
    Readable.from(
      (async function* () {
        const list = await collect(options.stdin as unknown as AsyncIterable<Buffer>)
        happens.listed?.()
        const stdin = Readable.from([list])
        const body = host.stream(argv, { ...options, stdin, ...(happens.user && { user: happens.user }) })
        let isFirst = true
        for await (const chunk of body as AsyncIterable<Buffer>) {
          // tar fills the pipe and waits: it cannot have read all of a file that is larger than all buffers.
          if (isFirst) happens.reading?.()
          isFirst = false
          yield chunk
        }
      })(),
    ),
})

const read = (shell: Shell, sink = new MemorySink()) =>
  files.read({ type: 'files', paths: [place.tree] }, sink, { ...place.bench.context, shell: () => shell })

it('names a file that vanishes after it was listed', async () => {
  writeFileSync(join(place.tree, 'gone'), 'x')
  writeFileSync(join(place.tree, 'there'), 'x')

  const result = await read(hostWhere({ listed: () => rmSync(join(place.tree, 'gone')) }))

  expect(result.notCaptured).toEqual([{ path: join(place.tree, 'gone'), cause: 'vanished' }])
  expect(result.counts).toMatchObject({ files: 1 })
})

it('names a folder that vanishes with all that was in it', async () => {
  mkdirSync(join(place.tree, 'gone'))
  writeFileSync(join(place.tree, 'gone/x'), 'x')

  const result = await read(
    hostWhere({ listed: () => rmSync(join(place.tree, 'gone'), { recursive: true }) }),
  )

  expect(result.notCaptured).toEqual([
    { path: join(place.tree, 'gone'), cause: 'vanished' },
    { path: join(place.tree, 'gone/x'), cause: 'vanished' },
  ])
})

it.each([['alone'], ['beside another']])(
  'makes no item when a whole path, %s, is gone after the preflight',
  async (among) => {
    const gone = join(place.bench.folder, 'mounted')
    const paths = among === 'alone' ? [gone] : [place.tree, gone]
    mkdirSync(gone)
    writeFileSync(join(place.tree, 'there'), 'x')
    await files.preflight({ type: 'files', paths }, place.bench.context)
    rmSync(gone, { recursive: true })
    const sink = new MemorySink()

    await expect(files.read({ type: 'files', paths }, sink, place.bench.context)).rejects.toMatchObject({
      code: 'source.not-found',
      message: expect.stringContaining(gone) as string,
    })
    expect(sink.objects).toEqual([])
  },
)

testWith(['root'], 'makes no item when a whole path may not be listed any more', async () => {
  chmodSync(place.bench.folder, 0o755)
  chmodSync(place.tree, 0o700)
  process.seteuid?.(65_534)
  try {
    await expect(read(host)).rejects.toMatchObject({ code: 'source.denied' })
  } finally {
    process.seteuid?.(0)
  }
})

it.each([
  ['grows', 'changed', (path: string) => appendFileSync(path, 'more')],
  ['shrinks', 'shrunk', (path: string) => truncateSync(path, LARGE / 2)],
])('names a file that %s while it is read', async (_, cause, happens) => {
  const path = join(place.tree, 'live')
  writeFileSync(path, noise(LARGE))

  const result = await read(hostWhere({ reading: () => happens(path) }))

  expect(result.notCaptured).toEqual([{ path, cause }])
})

testWith(['root'], 'names files that may not be read, and folders', async () => {
  chmodSync(place.bench.folder, 0o755)
  writeFileSync(join(place.tree, 'secret'), 'x')
  chmodSync(join(place.tree, 'secret'), 0o600)
  writeFileSync(join(place.tree, 'open'), 'x')

  const result = await read(hostWhere({ user: { uid: 65_534, gid: 65_534 } }))

  expect(result.notCaptured).toEqual([{ path: join(place.tree, 'secret'), cause: 'unreadable' }])
})

testWith(['root'], 'names a folder that may not be listed', async () => {
  mkdirSync(join(place.tree, 'closed'))
  chmodSync(join(place.tree, 'closed'), 0o700)
  chmodSync(place.bench.folder, 0o755)
  process.seteuid?.(65_534)
  try {
    const result = await read(host)

    expect(result.notCaptured).toContainEqual({ path: join(place.tree, 'closed'), cause: 'unreadable' })
  } finally {
    process.seteuid?.(0)
  }
})

it.each([
  [
    'says something else',
    { code: 2, stderr: 'tar: srv/x: file changed as we read it\ntar: memory exhausted\n' },
  ],
  ['says nothing', { code: 2, stderr: '' }],
  ['ends with another code', { code: 126, stderr: 'tar: srv/x: file changed as we read it\n' }],
])('makes no item when tar %s', async (_, exit) => {
  const failing: Shell = {
    place: 'host',
    run,
    stream: (_argv, { onExit }) =>
      Readable.from(
        (function* () {
          yield Buffer.alloc(10_240)
          onExit?.(exit)
        })(),
      ),
  }
  const sink = new MemorySink()

  await expect(read(failing, sink)).rejects.toMatchObject({ code: 'source.failed' })
  expect(sink.objects).toEqual([])
})

it('makes no item when tar is killed', async () => {
  writeFileSync(join(place.tree, 'large'), noise(LARGE))
  const sink = new MemorySink()
  const killing: Shell = {
    ...host,
    place: 'host',
    run,
    stream: (argv, options) => host.stream(['timeout', '--signal=KILL', '0.001', ...argv], options),
  }

  await expect(read(killing, sink)).rejects.toMatchObject({ code: 'source.failed' })
  expect(sink.objects).toEqual([])
})

it('says that tar is missing', async () => {
  const without = createHostShell({ PATH: place.bench.folder })

  await expect(
    files.preflight({ type: 'files', paths: [place.tree] }, { ...place.bench.context, shell: () => without }),
  ).rejects.toMatchObject({ code: 'source.tool-missing' })
})

it('says that another tar will not do', async () => {
  writeFileSync(join(place.bench.folder, 'tar'), '#!/bin/sh\necho "bsdtar 3.7.2 - libarchive 3.7.2"\n', {
    mode: 0o755,
  })
  const other = createHostShell({ PATH: `${place.bench.folder}:/bin:/usr/bin` })

  await expect(
    files.preflight({ type: 'files', paths: [place.tree] }, { ...place.bench.context, shell: () => other }),
  ).rejects.toMatchObject({ code: 'source.tool-missing', hint: expect.stringContaining('GNU tar') as string })
})

it('fails with the failure of the destination, and waits for nobody', async () => {
  writeFileSync(join(place.tree, 'large'), noise(LARGE))
  for (const failing of ['tar', 'index'] as const) {
    const sink = new MemorySink()
    const full = {
      store: async (object: { kind: 'tar' | 'index' }, body: Readable) => {
        if (object.kind !== failing) return sink.store(object, body)
        for await (const _ of body) throw new Error('the disk is full')
        throw new Error('the disk is full')
      },
    }

    await expect(
      files.read({ type: 'files', paths: [place.tree] }, full as never, place.bench.context),
    ).rejects.toThrow('the disk is full')
  }
})

it('stops when it is cancelled', async () => {
  writeFileSync(join(place.tree, 'large'), noise(LARGE))
  const controller = new AbortController()
  const shell = hostWhere({ reading: () => controller.abort(new Error('cancelled')) })

  const reading = files.read({ type: 'files', paths: [place.tree] }, new MemorySink(), {
    ...place.bench.context,
    signal: controller.signal,
    shell: () => shell,
  })

  await expect(reading).rejects.toThrow('cancelled')
})
