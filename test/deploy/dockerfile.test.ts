import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dataEnvironment } from '../../worker/data-environment.js'

const root = join(import.meta.dirname, '..', '..')
const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8')
const instructions = dockerfile
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', ' ')
  .split('\n')
  .filter((line) => line.trim() !== '')

test('every line is an instruction of a Dockerfile', () => {
  const known = /^(FROM|RUN|COPY|WORKDIR|ENV|VOLUME|STOPSIGNAL|ENTRYPOINT|CMD) /

  expect(instructions.filter((line) => !known.test(line))).toEqual([])
})

test('every image is pinned to the patch, on glibc', () => {
  const images = instructions.flatMap((line) => /^FROM (\S+)/.exec(line)?.[1] ?? [])

  expect(images).toHaveLength(2)
  for (const image of images) expect(image).toMatch(/^node:24\.[0-9]+\.[0-9]+-bookworm-slim$/)
})

test('it has the tools that sources need, and leaves the binaries of other platforms behind', () => {
  const install = instructions.find((line) => line.includes('apt-get install')) ?? ''

  for (const tool of ['tar', 'postgresql-client', 'sqlite3', 'zstd', 'acl', 'attr'])
    expect(install).toContain(` ${tool}`)
  expect(dockerfile).toContain('@temporalio/core-bridge/releases')
})

test('its workers keep freed memory as those of `holdfast up` do', () => {
  const set = instructions.filter((line) => line.startsWith('ENV ')).flatMap((line) => line.split(' '))

  for (const [name, value] of Object.entries(dataEnvironment({}))) expect(set).toContain(`${name}=${value}`)
})

test('what is built from is let in by .dockerignore, and nothing else is', async () => {
  const ignore = (await readFile(join(root, '.dockerignore'), 'utf8')).split('\n')
  const { include } = JSON.parse(await readFile(join(root, 'tsconfig.build.json'), 'utf8')) as {
    include: string[]
  }

  expect(ignore).toContain('**')
  for (const folder of include) expect(ignore).toContain(`!${folder}/**`)
})
