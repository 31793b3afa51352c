import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rmdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDockerClient } from '../../../activities/services/docker-client.js'
import { sendInside } from '../../../activities/services/docker-kill.js'
import { createServices, type Services } from '../../../activities/services/registry.js'
import { describeServiceDriver } from '../../contracts/service.js'
import { describeShell } from '../../contracts/shell.js'
import { dockerOfFile } from '../../support/docker-of-file.js'
import { describeWith } from '../../support/needs.js'
import { processesWith } from '../../support/processes.js'
import { until } from '../../support/until.js'

const signal = new AbortController().signal
const random = (digits: number) => randomBytes(digits).toString('hex').slice(0, digits)

const servicesAt = (dockerHost: string, more: Partial<Parameters<typeof createServices>[0]> = {}): Services =>
  createServices({ site: { services: {} }, environment: process.env, random, dockerHost, ...more })

describeWith(['docker'], 'docker', () => {
  const docker = dockerOfFile()
  const services = () => servicesAt(docker().environment.DOCKER_HOST)
  const driver = () => services().driver('docker:any').driver
  const running = async (variables: Record<string, string> = {}) => {
    const Env = Object.entries(variables).map(([name, value]) => `${name}=${value}`)
    const made = await docker().create(docker().tinyImage, { Env })
    await made.container.start()
    // From its first tick on, its trap is set.
    await until('it ticks', async () =>
      driver()
        .shell(made.name)
        .run(['cat', '/data/ticks'], { signal })
        .then(
          ({ stdout }) => stdout !== '',
          () => false,
        ),
    )
    return made
  }

  describeServiceDriver('docker', {
    driver,
    canPause: true,
    make: async ({ stopSeconds = 0 } = {}) => (await running({ STOP_SECONDS: String(stopSeconds) })).name,
    starts: async (name) => {
      const logs = await docker().docker.getContainer(name).logs({ stdout: true, stderr: true })
      return logs.toString().split('started').length - 1
    },
  })

  describe('shells', () => {
    let container = ''
    beforeAll(async () => {
      container = (await running()).name
    })

    describeShell('docker', {
      shell: () => services().shell(`docker:${container}`),
      processesWith: async (words) => processesWith(words).length,
    })

    test('a command in a container is killed with all it started also where we see none of its processes', async () => {
      const cancel = new AbortController()
      const output = services()
        .shell(`docker:${container}`)
        .stream(['sh', '-c', 'sleep 777771 & exec sleep 777771'], { signal: cancel.signal })
      output.resume()
      const failed = new Promise((resolve) => output.once('error', resolve))
      await until('both run', () => processesWith('sleep 777771').length === 2)
      const environment = await readFile(`/proc/${processesWith('sleep 777771')[0]}/environ`, 'utf8')
      const mark = environment.split('\0').find((line) => line.startsWith('HOLDFAST_EXEC=')) ?? ''

      const first = await sendInside(
        { client: createDockerClient(docker().environment.DOCKER_HOST), container, mark },
        'SIGKILL',
      )

      expect(first).toBe('sent')
      await until('both are gone', () => processesWith('sleep 777771').length === 0)
      expect(await failed).toMatchObject({ code: 'source.failed' })
    })

    test('a command in a container that does not run says so', async () => {
      const { name } = await docker().create(docker().tinyImage)

      const failed = services().shell(`docker:${name}`).run(['true'], { signal })

      await expect(failed).rejects.toMatchObject({
        code: 'service.unhealthy',
        message: expect.stringContaining(name) as string,
      })
    })

    test('a command in a container that does not exist says so', async () => {
      const failed = services().shell('docker:no-such-container').run(['true'], { signal })

      await expect(failed).rejects.toMatchObject({ code: 'service.not-found' })
    })

    test('a dump is no success when its container is killed under it', async () => {
      const { name, container: victim } = await running()
      const output = services()
        .shell(`docker:${name}`)
        .stream(['sh', '-c', 'echo half; sleep 100'], { signal })
      const failed = new Promise((resolve) => output.once('error', resolve))
      await new Promise((resolve) => output.once('data', resolve))

      await victim.kill()

      expect(await failed).toMatchObject({ code: 'source.failed' })
    })
  })

  describe('references', () => {
    const compose = (project: string, service: string, more: Record<string, string> = {}) => ({
      Labels: { 'com.docker.compose.project': project, 'com.docker.compose.service': service, ...more },
    })

    test('a Compose reference and the name of its container resolve alike', async () => {
      const { name } = await docker().create(docker().tinyImage, compose('shop1', 'web'))
      await docker().create(docker().tinyImage, compose('shop1', 'db'))
      await docker().create(
        docker().tinyImage,
        compose('shop1', 'web', { 'com.docker.compose.oneoff': 'True' }),
      )

      expect(await services().resolve('docker:shop1/web', signal)).toBe(`docker:${name}`)
      expect(await services().resolve(`docker:${name}`, signal)).toBe(`docker:${name}`)
    })

    test('a Compose reference is a place in which commands run', async () => {
      const { container } = await docker().create(docker().tinyImage, compose('shop0', 'db'))
      await container.start()

      const { stdout } = await services().shell('docker:shop0/db').run(['echo', 'inside'], { signal })

      expect(stdout).toBe('inside\n')
    })

    test('a Compose service of several containers is refused, with their names', async () => {
      const one = await docker().create(docker().tinyImage, compose('shop2', 'web'))
      const two = await docker().create(docker().tinyImage, compose('shop2', 'web'))

      await expect(services().resolve('docker:shop2/web', signal)).rejects.toMatchObject({
        code: 'service.invalid',
        hint: `Name each in the plan: ${[`docker:${one.name}`, `docker:${two.name}`].sort().join(', ')}.`,
      })
    })

    test('a Compose service without containers, and a runtime that there is not, are named', async () => {
      await expect(services().resolve('docker:shop3/web', signal)).rejects.toMatchObject({
        code: 'service.not-found',
        message: expect.stringContaining('shop3/web') as string,
      })
      for (const reference of ['podman:web', 'docker:--help', 'systemd:'])
        await expect(services().resolve(reference, signal)).rejects.toMatchObject({ code: 'service.invalid' })
    })

    test('our own container, and our Temporal, can be neither resolved nor observed', async () => {
      const { name, container } = await docker().create(docker().tinyImage)
      const host = docker().environment.DOCKER_HOST
      const inside = servicesAt(host, { ownContainerId: container.id })
      const beside = servicesAt(host, { site: { services: {}, temporal: { address: `${name}:7233` } } })

      for (const registry of [inside, beside]) {
        await expect(registry.resolve(`docker:${name}`, signal)).rejects.toMatchObject({
          code: 'service.invalid',
        })
        const { driver: refusing } = registry.driver(`docker:${name}`)
        await expect(refusing.observe(name, signal)).rejects.toMatchObject({ code: 'service.invalid' })
      }
    })
  })

  describe('services by label or volume', () => {
    test('are all that have the label, running or not, but never what is ours, nor a one-off command', async () => {
      const label = `test.${random(8)}`
      const Labels = { [label]: 'shop' }
      const running1 = await docker().create(docker().tinyImage, { Labels })
      await running1.container.start()
      const stopped = await docker().create(docker().tinyImage, { Labels })
      const own = await docker().create(docker().tinyImage, { Labels })
      await docker().create(docker().tinyImage, {
        Labels: { ...Labels, 'com.docker.compose.oneoff': 'True' },
      })
      await docker().create(docker().tinyImage, { Labels: { [label]: 'other' } })
      const registry = servicesAt(docker().environment.DOCKER_HOST, { ownContainerId: own.container.id })

      const found = await registry.find({ label: `${label}=shop` }, signal)

      expect(found).toEqual([`docker:${running1.name}`, `docker:${stopped.name}`].sort())
      expect(await registry.find({ label }, signal)).toHaveLength(3)
    })

    test('are all that mount the volume, and not those that have a folder of its name', async () => {
      const volume = `test-${random(8)}`
      const mounts = (bind: string) => ({ HostConfig: { NetworkMode: 'none', Binds: [bind] } })
      const reader = await docker().create(docker().tinyImage, mounts(`${volume}:/srv:ro`))
      await docker().create(docker().tinyImage, mounts(`${volume}-other:/${volume}`))

      const found = await services().find({ usesVolume: volume }, signal)
      await docker().clean()
      for (const name of [volume, `${volume}-other`]) await docker().docker.getVolume(name).remove()

      expect(found).toEqual([`docker:${reader.name}`])
    })

    test('say when there are none, or only what is ours', async () => {
      const label = `test.${random(8)}`
      const own = await docker().create(docker().tinyImage, { Labels: { [label]: 'yes' } })
      const registry = servicesAt(docker().environment.DOCKER_HOST, { ownContainerId: own.container.id })

      await expect(registry.find({ label }, signal)).rejects.toMatchObject({
        code: 'service.not-found',
        message: expect.stringContaining(label) as string,
      })
      await expect(registry.find({ usesVolume: 'no-such-volume' }, signal)).rejects.toMatchObject({
        code: 'service.not-found',
        message: expect.stringContaining('no-such-volume') as string,
      })
    })
  })

  describe('what needs what', () => {
    const startsAfter = async (name: string) => (await driver().relations?.(name, signal))?.startsAfter

    test('by depends_on of Compose in the same project, also through others, and not twice', async () => {
      const project = `shop-${random(6)}`
      const service = async (service: string, dependsOn: string, of = project) =>
        (
          await docker().create(docker().tinyImage, {
            Labels: {
              'com.docker.compose.project': of,
              'com.docker.compose.service': service,
              'com.docker.compose.depends_on': dependsOn,
            },
          })
        ).name
      const db = await service('db', '')
      const api = await service('api', 'db:service_healthy:false,gone:service_started:true')
      const web = await service('web', 'api:service_started:false,db:service_started:false')
      await service('api', '', `${project}-other`)

      expect((await startsAfter(web))?.toSorted()).toEqual([`docker:${api}`, `docker:${db}`].sort())
      expect(await startsAfter(db)).toEqual([])
    })

    test('by the network and the volumes that it shares', async () => {
      const network = await docker().create(docker().tinyImage)
      await network.container.start()
      const volumes = await docker().create(docker().tinyImage)
      const { name } = await docker().create(docker().tinyImage, {
        HostConfig: {
          NetworkMode: `container:${network.container.id}`,
          VolumesFrom: [`${volumes.name}:ro`],
        },
      })

      expect((await startsAfter(name))?.toSorted()).toEqual(
        [`docker:${network.name}`, `docker:${volumes.name}`].sort(),
      )
    })

    test('what is not there any more is left out', async () => {
      const gone = await docker().create(docker().tinyImage)
      const { name } = await docker().create(docker().tinyImage, {
        HostConfig: { NetworkMode: 'none', VolumesFrom: [gone.name] },
      })
      await gone.container.remove()

      expect(await startsAfter(name)).toEqual([])
    })
  })

  describe('states', () => {
    test('observes identity, start and health', async () => {
      const { name, container } = await running({ HEALTHY_AFTER: '0' })
      await until('it is healthy', async () => (await driver().observe(name, signal)).health === 'healthy')

      const { Id, State } = await container.inspect()

      expect(await driver().observe(name, signal)).toEqual({
        service: `docker:${name}`,
        state: 'running',
        startedAt: State.StartedAt,
        identity: Id,
        health: 'healthy',
      })
    })

    test('a container that was never started has no start', async () => {
      const { name } = await docker().create(docker().tinyImage)

      const observed = await driver().observe(name, signal)

      expect(observed).toMatchObject({ state: 'stopped' })
      expect(observed).not.toHaveProperty('startedAt')
    })

    test('a container that Docker restarts again and again counts as running, not as well, and can be stopped', async () => {
      const { name, container } = await docker().create(docker().tinyImage, {
        Cmd: ['false'],
        HostConfig: { NetworkMode: 'none', RestartPolicy: { Name: 'always' } },
      })
      await container.start()
      await until('it restarts', async () => (await container.inspect()).State.Restarting)

      const observed = await driver().observe(name, signal)
      await driver().stop(name, { mode: 'stop', timeoutMs: 1000 }, signal)

      expect(observed).toMatchObject({ state: 'running', health: 'starting' })
      expect(await driver().observe(name, signal)).toMatchObject({ state: 'stopped' })
    })

    test('a container that ignores being asked is killed at the end of its time', async () => {
      const { name } = await running({ STUBBORN: 'yes' })
      const asked = Date.now()

      await driver().stop(name, { mode: 'stop', timeoutMs: 2000 }, signal)

      expect(Date.now() - asked).toBeGreaterThan(1500)
      expect(await driver().observe(name, signal)).toMatchObject({ state: 'stopped' })
    })

    test('a container that was recreated under its name is started by its name', async () => {
      const { name, container } = await running()
      await driver().stop(name, { mode: 'stop', timeoutMs: 5000 }, signal)
      await container.remove({ force: true })
      await docker().create(docker().tinyImage, { name })

      await driver().start(name, { mode: 'stop' }, signal)

      expect(await driver().observe(name, signal)).toMatchObject({ state: 'running' })
    })

    test('the beginning of an id is no name: under a missing name no stranger is found', async () => {
      const { container } = await docker().create(docker().tinyImage, {})
      const short = container.id.slice(0, 4)

      for (const asked of [
        () => driver().observe(short, signal),
        () => driver().resolve(short, signal),
        () => driver().stop(short, { mode: 'stop', timeoutMs: 1000 }, signal),
        () => driver().shell(short).run(['true'], { signal }),
      ])
        await expect(asked()).rejects.toMatchObject({ code: 'service.not-found' })
    })

    test('what Docker would remove when it stops says so', async () => {
      const { name, container } = await docker().create(docker().tinyImage, {
        HostConfig: { AutoRemove: true },
      })
      await container.start()

      expect(await driver().observe(name, signal)).toMatchObject({ state: 'running', endsWithStop: true })
    })

    test('a container that cannot start says why', async () => {
      const { name } = await docker().create(docker().tinyImage, { Cmd: ['/no/such/program'] })

      await expect(driver().start(name, { mode: 'stop' }, signal)).rejects.toMatchObject({
        code: 'service.start-failed',
        message: expect.stringContaining('no such file') as string,
      })
    })
  })

  describe('volumes', () => {
    test('gives the place of a volume, and names one that there is not', async () => {
      const name = `test-${random(8)}`
      await docker().docker.createVolume({ Name: name })
      const path = await services().volumePath(name, signal)
      await docker().docker.getVolume(name).remove()

      expect(path).toMatch(new RegExp(`/volumes/${name}/_data$`))
      await expect(services().volumePath('no-such-volume', signal)).rejects.toMatchObject({
        code: 'source.not-found',
      })
    })

    test('a volume that binds a folder lies in that folder, also while no container has it mounted', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'bound-'))
      const name = await volumeWith({ type: 'none', o: 'bind', device: folder })

      const path = await services().volumePath(name, signal)
      await docker().docker.getVolume(name).remove()
      await rmdir(folder)

      expect(path).toBe(folder)
    })

    test('a volume that Docker mounts is refused while no container runs that uses it: an empty folder is in its place', async () => {
      const name = await volumeWith({ type: 'tmpfs', o: 'size=1m', device: 'tmpfs' })
      const { container } = await docker().create(docker().tinyImage, {
        HostConfig: { Binds: [`${name}:/srv`] },
      })
      await container.start()
      const whileUsed = await services().volumePath(name, signal)
      await container.stop()

      await expect(services().volumePath(name, signal)).rejects.toMatchObject({
        code: 'source.not-found',
        message: expect.stringContaining('is not mounted') as string,
      })
      await container.remove()
      await docker().docker.getVolume(name).remove()
      expect(whileUsed).toMatch(new RegExp(`/volumes/${name}/_data$`))
    })

    async function volumeWith(DriverOpts: Record<string, string>): Promise<string> {
      const name = `test-${random(8)}`
      await docker().docker.createVolume({ Name: name, DriverOpts })
      return name
    }
  })
})

describe('without a Docker daemon', () => {
  test('says where it was looked for, and what to do', async () => {
    const { driver: lost } = servicesAt('unix:///no/such/docker.sock').driver('docker:web')

    for (const asked of [
      () => lost.resolve('web', signal),
      () => lost.observe('web', signal),
      () => lost.shell('web').run(['true'], { signal }),
    ]) {
      await expect(asked()).rejects.toMatchObject({
        code: 'docker.unreachable',
        message: expect.stringContaining('unix:///no/such/docker.sock') as string,
        hint: expect.stringContaining('DOCKER_HOST') as string,
      })
    }
  })

  test('says which rights are missing', async () => {
    const client = createDockerClient('unix:///run/docker.sock')
    const denied = client.ask(() => Promise.reject(Object.assign(new Error('no'), { code: 'EACCES' })), {
      signal,
    })

    await expect(denied).rejects.toMatchObject({
      code: 'docker.denied',
      hint: expect.stringContaining('group "docker"') as string,
    })
  })

  test('what a proxy before the socket forbids is denied, not a daemon or a container that fails', async () => {
    const proxy = createServer((request, response) => {
      if (request.method === 'GET') {
        const container = {
          Id: '1',
          Name: '/web',
          State: { Running: true, StartedAt: '2026-11-21T07:36:44Z' },
          HostConfig: {},
        }
        response.setHeader('content-type', 'application/json').end(JSON.stringify(container))
      } else response.writeHead(403, { 'content-type': 'text/html' }).end('<h1>Forbidden</h1>')
    })
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const { port } = proxy.address() as AddressInfo
    const { driver } = servicesAt(`tcp://127.0.0.1:${port}`).driver('docker:web')

    const stopping = driver
      .stop('web', { mode: 'stop', timeoutMs: 1000 }, signal)
      .finally(() => void proxy.close())

    await expect(stopping).rejects.toMatchObject({
      code: 'docker.denied',
      message: 'Container "web" could not be stopped: what guards Docker forbids it.',
      hint: expect.stringContaining('proxy') as string,
    })
  })

  test('refuses an address that it cannot use', async () => {
    const { driver: lost } = servicesAt('ssh://somewhere').driver('docker:web')

    await expect(lost.observe('web', signal)).rejects.toMatchObject({
      code: 'docker.unreachable',
      message: expect.stringContaining('ssh://somewhere') as string,
    })
  })

  test('does not wait for a daemon that hangs', async () => {
    const client = createDockerClient('unix:///run/docker.sock')
    const hanging = client.ask(
      (_docker, abortSignal) =>
        new Promise((_resolve, reject) =>
          abortSignal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
      { signal, limitMs: 50 },
    )

    await expect(hanging).rejects.toMatchObject({ code: 'docker.unreachable' })
  })
})
