import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'
import { searchAttributes } from '../../core/messages.js'

interface Service {
  readonly image: string
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  readonly command?: readonly string[]
  readonly depends_on?: Readonly<Record<string, unknown>>
  readonly secrets?: readonly string[]
  readonly networks?: readonly string[]
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
  readonly secrets: Readonly<Record<string, unknown>>
  readonly networks: Readonly<Record<string, unknown>>
}

const text = await readFile(join(import.meta.dirname, '..', '..', 'temporal-docker-compose.yml'), 'utf8')
const compose = parse(text, { strict: true, uniqueKeys: true }) as Compose
const services = Object.entries(compose.services)

test.each(services)('%s has an image of one exact version', (_, { image }) => {
  expect(image).toMatch(/^[a-z/-]+:[0-9]+\.[0-9]+(\.[0-9]+)?(-[a-z]+)?$/)
})

test('server and tools are of one version, which is never the retired images', () => {
  const { server, schema, namespace } = compose.services
  const tag = (service: Service | undefined) => service?.image.split(':')[1]

  expect([tag(schema), tag(namespace)]).toEqual([tag(server), tag(server)])
  expect(text).not.toContain('auto-setup:')
})

test('the database is on a named volume and cannot be reached from outside', () => {
  const { database } = compose.services

  expect(database?.ports).toBeUndefined()
  expect(database?.networks).toEqual(['inside'])
  expect(compose.networks['inside']).toEqual({ internal: true })
  expect(database?.volumes).toEqual(['database:/var/lib/postgresql/data'])
  expect(compose.volumes).toHaveProperty('database')
})

test('what is published is published on loopback only: the server asks nobody who they are', () => {
  const published = services.flatMap(([, { ports = [] }]) => ports)

  expect(published).toHaveLength(2)
  expect(published.filter((port) => !port.startsWith('127.0.0.1:'))).toEqual([])
})

test('the password comes from a file, and no environment holds it', () => {
  const values = services.flatMap(([, { environment = {} }]) => Object.entries(environment))

  expect(values.filter(([name]) => /PASSWORD$|PWD$/.test(name))).toEqual([])
  expect(compose.secrets).toHaveProperty('temporal-db-password')
})

test('the page cannot terminate, reset or act on many at once', () => {
  expect(compose.services['ui']?.environment).toMatchObject({
    TEMPORAL_WORKFLOW_TERMINATE_DISABLED: 'true',
    TEMPORAL_WORKFLOW_RESET_DISABLED: 'true',
    TEMPORAL_BATCH_ACTIONS_DISABLED: 'true',
  })
})

test('the namespace has every search attribute that we use', () => {
  const command = compose.services['namespace']?.command?.join('\n') ?? ''

  for (const name of Object.values(searchAttributes))
    expect(command).toContain(`--name ${name} --type Keyword`)
})

test('every service that is waited for, secret, network and volume exists', () => {
  for (const [, service] of services) {
    for (const name of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(name)
    for (const name of service.secrets ?? []) expect(compose.secrets).toHaveProperty(name)
    for (const name of service.networks ?? []) expect(compose.networks).toHaveProperty(name)
  }
})
