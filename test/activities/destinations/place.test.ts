import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDestinations } from '../../../activities/destinations/place.js'
import { destinationWorld } from '../../support/destination-world.js'

const { signal } = new AbortController()
let folder: string
let made = 0

/** A host with its own memory of places. */
const host = (stateDir = 'state', path = join(folder, 'disk')) =>
  createDestinations({
    ...destinationWorld,
    site: { stateDir: join(folder, stateDir), destinations: { disk: { type: 'local', path } } },
    clock: () => new Date('2026-11-20T01:30:00Z'),
    random: (digits) => String(++made).padStart(digits, '0'),
    secrets: { resolve: () => Promise.reject(new Error('A folder needs no secrets.')) },
  })
const marker = () => join(folder, 'disk/holdfast.json')
const markerId = () => (JSON.parse(readFileSync(marker(), 'utf8')) as { id: string }).id

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'holdfast-place-'))))
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it('marks a new place at its first use, and knows it again', async () => {
  await host()('disk', signal)
  const first = readFileSync(marker(), 'utf8')
  await host()('disk', signal)

  expect(readFileSync(marker(), 'utf8')).toBe(first)
  expect(JSON.parse(first)).toMatchObject({
    format: 'holdfast.place/1',
    createdAt: '2026-11-20T01:30:00.000Z',
  })
})

it('keeps its memory to itself', async () => {
  await host()('disk', signal)

  const memory = join(folder, 'state/destinations')
  expect(statSync(memory).mode & 0o777).toBe(0o700)
  expect(readdirSync(memory)).toHaveLength(1)
  expect(statSync(join(memory, readdirSync(memory)[0] as string)).mode & 0o777).toBe(0o600)
})

it('lets a second host use a place that the first has marked', async () => {
  await host('one')('disk', signal)
  const id = markerId()

  await host('two')('disk', signal)

  expect(markerId()).toBe(id)
})

it('lets two hosts meet at a new place at the same time', async () => {
  await Promise.all([host('one')('disk', signal), host('two')('disk', signal)])

  await host('one')('disk', signal)
  await host('two')('disk', signal)
})

it('refuses a known place that has lost its marker: its disk may not be mounted', async () => {
  await host()('disk', signal)
  rmSync(marker())

  await expect(host()('disk', signal)).rejects.toMatchObject({
    code: 'destination.not-mounted',
    hint: expect.stringContaining('Is its disk mounted?') as string,
  })
  expect(readdirSync(join(folder, 'disk'))).not.toContain('holdfast.json')
})

it('refuses a known place that is gone, and does not make it again', async () => {
  await host()('disk', signal)
  rmSync(join(folder, 'disk'), { recursive: true })

  await expect(host()('disk', signal)).rejects.toMatchObject({ code: 'destination.not-mounted' })
  expect(readdirSync(folder)).toEqual(['state'])
})

it('refuses another place under the same path, until a person accepts it', async () => {
  await host()('disk', signal)
  writeFileSync(marker(), JSON.stringify({ format: 'holdfast.place/1', id: 'other', createdAt: '' }))

  const refused = host()('disk', signal)
  await expect(refused).rejects.toMatchObject({ code: 'destination.not-mounted' })
  const { hint } = (await refused.catch((error: unknown) => error)) as { hint: string }
  rmSync((/rm '(.*)'/.exec(hint) as RegExpExecArray)[1] as string)

  await expect(host()('disk', signal)).resolves.toBeDefined()
})

it('does not make the folder that a disk is mounted in', async () => {
  await expect(host('state', join(folder, 'mnt/disk'))('disk', signal)).rejects.toMatchObject({
    code: 'destination.not-mounted',
    hint: expect.stringContaining('mkdir -p') as string,
  })
})

it.each([
  ['a newer format', { format: 'holdfast.place/2', id: 'x' }],
  ['something else', { hello: 'world' }],
])('refuses a place marked with %s', async (_, content) => {
  mkdirSync(join(folder, 'disk'))
  writeFileSync(marker(), JSON.stringify(content))

  await expect(host()('disk', signal)).rejects.toMatchObject({ code: 'destination.version' })
})

it('names the destinations that there are', async () => {
  await expect(host()('dsik', signal)).rejects.toMatchObject({
    code: 'destination.not-found',
    hint: 'It has: disk.',
  })
})
