import { execa } from 'execa'
import { existsSync } from 'node:fs'
import { cp, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Application } from './place.js'
import { say } from './terminal.js'

const IMAGE = 'holdfast-quickstart:1'
const CONTAINER = 'holdfast-quickstart-guestbook'
const BUSYBOX = '/bin/busybox'
const PULLED_IMAGE = 'busybox:1.36.1'

/** A container that serves the uploads, from a tiny image; undefined where no Docker daemon answers or no image can be had. */
export async function dockerService(guestbook: string): Promise<Application | undefined> {
  const answer = await docker('version', '--format', '{{.Server.Version}}')
  if (answer === undefined) return undefined
  const program = (await buildImage(guestbook)) ?? (await pullImage())
  if (program === undefined) return undefined
  await docker('rm', '--force', CONTAINER)
  const started = await docker(
    ...[
      'run',
      '--detach',
      '--name',
      CONTAINER,
      '--network',
      'none',
      '--volume',
      `${join(guestbook, 'uploads')}:/srv:ro`,
    ],
    ...['--stop-signal', 'KILL', IMAGE, program, 'httpd', '-f', '-p', '8080', '-h', '/srv'],
  )
  if (started === undefined) return undefined
  say(`The service is a Docker container: ${CONTAINER} (Docker ${answer.trim()}).`)
  return {
    service: `docker:${CONTAINER}`,
    isRunning: async () =>
      (await docker('inspect', '--format', '{{.State.Running}}', CONTAINER))?.trim() === 'true',
  }
}

/** A plain process under the `command` runtime. */
export async function commandService(folder: string, guestbook: string): Promise<Application> {
  const script = join(folder, 'guestbook.mjs')
  await cp(join(import.meta.dirname, 'guestbook.mjs'), script)
  const call = (verb: string) => [process.execPath, script, verb, guestbook]
  const run = (verb: string) => execa(process.execPath, call(verb).slice(1), { reject: false })
  await run('start')
  say('The service is a plain process: no Docker daemon answers here.')
  return {
    service: 'command:guestbook',
    definition: { type: 'command', stop: call('stop'), start: call('start'), isRunning: call('running') },
    isRunning: async () => (await run('running')).exitCode === 0,
  }
}

/** Ends both kinds of service, also those of an earlier quickstart that was killed. */
export async function removeServices(folder: string): Promise<void> {
  const script = join(folder, 'guestbook.mjs')
  if (existsSync(script))
    await execa(process.execPath, [script, 'stop', join(folder, 'guestbook')], { reject: false })
  await docker('rm', '--force', CONTAINER)
  await docker('rmi', IMAGE)
}

/** From a static busybox of this machine: needs no network. Like `pullImage`, gives where busybox is in the image. */
async function buildImage(guestbook: string): Promise<string | undefined> {
  if (!existsSync(BUSYBOX)) return undefined
  const context = join(guestbook, '..', 'image')
  await mkdir(context)
  await cp(BUSYBOX, join(context, 'busybox'))
  const built = await execa(
    'docker',
    ['build', '--quiet', '--network', 'none', '--tag', IMAGE, '--file', '-', context],
    {
      input: 'FROM scratch\nCOPY busybox /busybox\n',
      reject: false,
    },
  )
  await rm(context, { recursive: true })
  return built.exitCode === 0 ? '/busybox' : undefined
}

async function pullImage(): Promise<string | undefined> {
  const wasThere = (await docker('image', 'inspect', PULLED_IMAGE)) !== undefined
  await docker('pull', '--quiet', PULLED_IMAGE)
  if ((await docker('tag', PULLED_IMAGE, IMAGE)) === undefined) return undefined
  // Under our name alone it goes with the rest.
  if (!wasThere) await docker('rmi', PULLED_IMAGE)
  return '/bin/busybox'
}

/** What it printed; undefined when it failed or there is no Docker here. */
async function docker(...args: string[]): Promise<string | undefined> {
  const result = await execa('docker', args, { reject: false, timeout: 120_000 })
  return result.exitCode === 0 ? result.stdout : undefined
}
