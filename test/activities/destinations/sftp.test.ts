import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { TEMPORARY_FOLDER } from '../../../activities/destinations/object-tree.js'
import { createDestinationKinds } from '../../../activities/destinations/registry.js'
import type { HoldfastError } from '../../../core/errors.js'
import type { SftpDestination } from '../../../schemas/sftp-destination.js'
import { destinationWorld } from '../../support/destination-world.js'
import { startFaultyProxy, type Fault } from '../../support/faulty-proxy.js'
import { freePort } from '../../support/free-port.js'
import { describeWith } from '../../support/needs.js'
import { startSshd, type SshServer } from '../../support/sshd.js'
import { temporaryFolder } from '../../support/temporary-folder.js'
import { until } from '../../support/until.js'
import { collect, noise, pieces } from '../pipeline/bytes.js'

const { signal } = new AbortController()
const OTHER_KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHpNfVhYpQVPSO7Jt4bRhPpJ0vUR6oqPgzIBfqY4mHbA'
const DAY_SECONDS = 86_400

/** Connections of its own for each: a test that cuts one disturbs no other. */
const open = (settings: SftpDestination) =>
  createDestinationKinds(destinationWorld).sftp.open('vps', settings)
const failureOf = (work: Promise<unknown>): Promise<HoldfastError> =>
  work.then(
    () => Promise.reject(new Error('It did not fail.')),
    (error: unknown) => error as HoldfastError,
  )

describeWith(['sshd'], 'a destination over SFTP', () => {
  const folder = temporaryFolder()
  let server: SshServer
  let path: string
  let settings: SftpDestination
  beforeAll(async () => (server = await startSshd()))
  afterAll(() => server.stop())
  beforeEach(async () => {
    path = join(server.folder, destinationWorld.random(8))
    settings = server.settings(path)
    await createDestinationKinds(destinationWorld).sftp.create('vps', settings, signal)
  })
  const names = async (place = settings) => {
    const found: string[] = []
    for await (const { name } of open(place).list('', signal)) found.push(name)
    return found
  }
  const put = (name: string, bytes: Buffer, place = settings) =>
    open(place).put(name, Readable.from(pieces(bytes, 100_000)), { signal })

  it('shows the key of a server that it does not know, to be compared and pasted, and goes no further', async () => {
    const { hostKey, ...unpinned } = settings

    const failure = await failureOf(open(unpinned).stat('x', signal))

    expect(failure.code).toBe('destination.host-key')
    expect(failure.hint).toContain(`hostKey: "${hostKey as string}"`)
    expect(failure.message).toContain(hostKey)
    const fingerprint = execFileSync('ssh-keygen', ['-lf', '-'], { input: hostKey as string }).toString()
    expect(fingerprint).toContain(failure.details?.['fingerprint'])
  })

  it('refuses a server with another key than the pinned one', async () => {
    const failure = await failureOf(open({ ...settings, hostKey: OTHER_KEY }).stat('x', signal))

    expect(failure).toMatchObject({ code: 'destination.host-key', kind: 'denied' })
    expect(failure.hint).toContain('Somebody may stand between')
  })

  it('takes any of several pinned keys', async () => {
    const several = { ...settings, hostKey: [OTHER_KEY, settings.hostKey as string] }

    expect(await open(several).stat('x', signal)).toBeUndefined()
  })

  it('says that the server refuses the key or the password, and shows neither', async () => {
    const keyFile = join(folder(), 'stranger')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', keyFile])
    const { privateKey: _, ...without } = settings
    const passwordFile = join(folder(), 'password')
    writeFileSync(passwordFile, 'canary-pa55word', { mode: 0o600 })

    const key = await failureOf(open({ ...without, privateKey: { file: keyFile } }).stat('x', signal))
    const password = await failureOf(open({ ...without, password: { file: passwordFile } }).stat('x', signal))

    expect(key).toMatchObject({ code: 'destination.denied' })
    expect(key.message).toContain('refuses the private key')
    expect(password.message).toContain('refuses the password')
    expect(JSON.stringify([password.message, password.hint, password.details])).not.toContain('canary')
  })

  it('opens a private key with its passphrase, and says when that is missing or wrong', async () => {
    const keyFile = join(folder(), 'locked')
    execFileSync('cp', [server.privateKeyFile, keyFile])
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'canary-phrase', '-f', keyFile])
    for (const [name, text] of Object.entries({ right: 'canary-phrase', wrong: 'canary-other' }))
      writeFileSync(join(folder(), name), text, { mode: 0o600 })
    const locked = { ...settings, privateKey: { file: keyFile } }
    const withPhrase = (name: string) => ({ ...locked, passphrase: { file: join(folder(), name) } })

    expect(await open(withPhrase('right')).stat('x', signal)).toBeUndefined()
    expect((await failureOf(open(locked).stat('x', signal))).message).toContain('protected by a passphrase')
    const wrong = await failureOf(open(withPhrase('wrong')).stat('x', signal))
    expect(wrong).toMatchObject({ code: 'destination.denied' })
    expect(wrong.message).toContain('does not open')
  })

  it.each([
    ['no such host', { host: 'no-such-host.invalid' }, 'could not connect'],
    ['nobody listens', {}, 'refused'],
  ])('says why it cannot connect: %s', async (_, change, words) => {
    const failure = await failureOf(
      open({ ...settings, port: await freePort(), ...change }).stat('x', signal),
    )

    expect(failure).toMatchObject({ code: 'destination.unavailable' })
    expect(failure.message).toContain(words)
  })

  it('says that something else than SSH answers', async () => {
    const stranger = createServer((socket) => socket.end('220 mail.example.org ESMTP\r\n')).listen(
      0,
      '127.0.0.1',
    )
    await once(stranger, 'listening')

    const { port } = stranger.address() as AddressInfo
    const failure = await failureOf(open({ ...settings, port }).stat('x', signal))
    stranger.close()

    expect(failure).toMatchObject({ code: 'destination.unavailable' })
    expect(failure.message).toContain('broke off the SSH handshake')
  })

  it('says that a folder is not there, and makes only the last one of a path', async () => {
    const missing = server.settings(join(path, 'missing/deep'))
    const creating = createDestinationKinds(destinationWorld).sftp.create('vps', missing, signal)

    await expect(creating).rejects.toMatchObject({ code: 'destination.not-mounted' })
    await expect(put('x', Buffer.from('x'), missing)).rejects.toMatchObject({
      code: 'destination.not-mounted',
    })
    await expect(open(missing).stat('x', signal)).rejects.toMatchObject({ code: 'destination.not-mounted' })
    await expect(names(missing)).rejects.toMatchObject({ code: 'destination.not-mounted' })
  })

  it('says that the user may not write there', async () => {
    execFileSync('chmod', ['500', path])

    await expect(put('x', Buffer.from('x'))).rejects.toMatchObject({ code: 'destination.denied' })
  })

  it('keeps what it writes to itself, and leaves no temporary file', async () => {
    await put('plans/shop/x', noise(1_000_000))

    expect(statSync(join(path, 'plans/shop/x')).mode & 0o777).toBe(0o600)
    expect(statSync(join(path, 'plans')).mode & 0o777).toBe(0o700)
    expect(readdirSync(join(path, TEMPORARY_FOLDER))).toEqual([])
  })

  it('sweeps temporaries of dead writers after a day, and leaves younger ones alone', async () => {
    const temporary = (name: string) => join(path, TEMPORARY_FOLDER, name)
    await put('first', Buffer.from('x'))
    const nowSeconds = Date.now() / 1000
    for (const [name, age] of [
      ['old.tmp', DAY_SECONDS + 60],
      ['young.tmp', DAY_SECONDS - 60],
    ] as const) {
      writeFileSync(temporary(name), 'half')
      utimesSync(temporary(name), nowSeconds - age, nowSeconds - age)
    }

    await put('second', Buffer.from('x'))

    expect(readdirSync(join(path, TEMPORARY_FOLDER))).toEqual(['young.tmp'])
  })

  it('tells free space', async () => {
    expect(await open(settings).freeBytes(signal)).toBeGreaterThan(0)
  })

  /** The first connection has the fault, those after it have none. */
  const through = async (fault: Fault) => {
    const proxy = await startFaultyProxy(server.port, (connection) => (connection === 1 ? fault : undefined))
    return { proxy, destination: open({ ...settings, port: proxy.port }) }
  }

  it.each([
    ['cut', 'up', 2_000_000],
    ['cut', 'down', 4000],
    ['corrupt', 'up', 2_000_000],
    ['cut', 'up', 1000],
  ] as const)(
    'leaves no short object when the connection is %s (%s, after %i bytes), and works on the next try',
    async (what, direction, afterBytes) => {
      const { proxy, destination } = await through({ what, direction, afterBytes })
      const bytes = noise(6_000_000)
      const upload = () => destination.put('plans/x', Readable.from(pieces(bytes, 100_000)), { signal })

      await expect(upload()).rejects.toMatchObject({ code: 'destination.unavailable' })
      expect(await names()).toEqual([])

      await upload()
      expect((await collect(await destination.get('plans/x', { signal }))).equals(bytes)).toBe(true)
      await proxy.close()
    },
  )

  it.each(['cut', 'corrupt'] as const)('errors a download when the connection is %s', async (what) => {
    await put('plans/x', noise(20_000_000))
    const { proxy, destination } = await through({ what, direction: 'down', afterBytes: 5_000_000 })

    const body = await destination.get('plans/x', { signal })

    await expect(collect(body as AsyncIterable<Buffer>)).rejects.toMatchObject({
      code: 'destination.unavailable',
    })
    await proxy.close()
  })

  it('ends an upload that is cancelled while the server answers nothing', async () => {
    const { proxy, destination } = await through({ what: 'stall', direction: 'up', afterBytes: 1_000_000 })
    const controller = new AbortController()
    let given = 0
    const endless = Readable.from(
      (async function* () {
        for (;;) {
          given += 100_000
          yield noise(100_000)
        }
      })(),
    )

    const failing = failureOf(destination.put('plans/x', endless, { signal: controller.signal }))
    await until('more was given than gets through', () => given > 4_000_000)
    controller.abort(new Error('cancelled'))

    expect((await failing).message).toBe('cancelled')
    expect(await names()).toEqual([])
    await proxy.close()
  })
})

describeWith(['sshd'], 'a server without SFTP', () => {
  it('is refused with what it lacks', async () => {
    const server = await startSshd(['ForceCommand /bin/false'])

    const failure = await failureOf(open(server.settings(server.folder)).stat('x', signal))
    await server.stop()

    expect(failure).toMatchObject({ code: 'destination.unsupported', kind: 'input' })
    expect(failure.message).toContain('offers no SFTP')
  })
})

describeWith(['sshd', 'root'], 'a small disk behind SFTP', () => {
  it('reports a full disk as such, and leaves nothing of the object, whether the next attempt could go on or not', async () => {
    const server = await startSshd()
    const mounted = join(server.folder, 'mounted')
    mkdirSync(mounted)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0777', 'tmpfs', mounted])
    try {
      const destination = open(server.settings(mounted))
      const putting = destination.put('plans/large', Readable.from(pieces(noise(20_000_000), 100_000)), {
        signal,
      })

      await expect(putting).rejects.toMatchObject({ code: 'destination.full' })
      const known = { bytes: 20_000_000, sha256: 'aa' }
      const body = Readable.from(pieces(noise(known.bytes), 100_000))
      const resumable = destination.putResumable?.('plans/large', body, { known, signal })
      await expect(resumable).rejects.toMatchObject({ code: 'destination.full' })

      expect(existsSync(join(mounted, 'plans/large'))).toBe(false)
      expect(readdirSync(join(mounted, TEMPORARY_FOLDER))).toEqual([])
    } finally {
      execFileSync('umount', ['-l', mounted])
      await server.stop()
    }
  })
})
