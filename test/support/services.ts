import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { startDocker } from './docker.js'
import { missingLxc } from './lxc.js'
import { missingMariadb } from './mariadb.js'
import { missingVariable, type Need } from './needs.js'
import { missingPostgres } from './postgres.js'
import { missingPython } from './python.js'
import { missingShells } from './shells.js'
import { missingSofthsm } from './softhsm.js'
import { missingSshd } from './sshd.js'
import { startTemporal } from './temporal.js'
import { missingS3, startS3 } from './s3-server.js'
import { missingTink } from './tink.js'

const root = join(import.meta.dirname, '..', '..')

/** Services that all test files share. What cannot be had is recorded with its reason, for `describeWith`. */
export async function startServices(): Promise<{ stop(): Promise<void> }> {
  const stops: (() => Promise<void>)[] = []
  const record = (need: Need, reason: string | undefined) => {
    process.env[missingVariable(need)] = reason ?? ''
  }

  record(
    'root',
    process.getuid?.() === 0
      ? undefined
      : 'these tests mount, change owners and start servers: run them as root',
  )
  record(
    'built',
    existsSync(join(root, 'dist', 'workflows.bundle.js')) ? undefined : 'run `npm run build` first',
  )
  record('postgres', await missingPostgres())
  record('mariadb', await missingMariadb())
  record('lxc', await missingLxc())
  record('tink', await missingTink())
  record('softhsm', missingSofthsm())
  record('sshd', missingSshd())
  record('python', missingPython())
  record('shells', missingShells())

  const docker = await startDocker()
  record('docker', 'missing' in docker ? docker.missing : undefined)
  if (!('missing' in docker)) stops.push(() => docker.stop())

  const temporal = await startTemporal().catch((error: Error) => ({ missing: error.message }))
  record('temporal', 'missing' in temporal ? temporal.missing : undefined)
  if (!('missing' in temporal)) {
    process.env['HOLDFAST_TEST_TEMPORAL'] = temporal.address
    stops.push(() => temporal.stop())
  }

  const withoutS3 = await missingS3()
  record('s3', withoutS3)
  if (withoutS3 === undefined) {
    const store = await startS3()
    process.env['HOLDFAST_TEST_S3'] = store.endpoint
    stops.push(() => store.stop())
  }

  return {
    async stop() {
      for (const stop of stops.reverse()) await stop()
    },
  }
}
