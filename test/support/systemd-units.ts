import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHostShell } from '../../activities/services/shell.js'
import { systemdDriver, type SystemdTools } from '../../activities/services/systemd.js'
import type { ServiceDriver } from '../../activities/services/driver.js'
import { temporaryFolder } from './temporary-folder.js'

export interface UnitFile {
  readonly Id: string
  readonly ActiveState?: string
  readonly starts?: number
}

export interface SystemdUnits {
  /** The driver under test, which finds the stand-in for systemctl. */
  readonly driver: (more?: Partial<SystemdTools>) => ServiceDriver
  /** Where each unit is a file; what stands in `says` every call fails with, in `refuses` every change. */
  readonly folder: () => string
  readonly write: (unit: UnitFile & Record<string, unknown>) => Promise<void>
  readonly read: (name: string) => Promise<UnitFile>
  /** An active unit, by its name. */
  readonly make: (more?: Record<string, unknown>) => Promise<string>
}

/** Units as `systemctl.mjs` keeps them: no systemd is asked. To be called once in a test file. */
export function systemdUnits(): SystemdUnits {
  const folder = temporaryFolder()
  const units = () => join(folder(), 'units')
  const fileOf = (name: string) => join(units(), `${name}.json`)
  const write: SystemdUnits['write'] = (unit) =>
    writeFile(fileOf(unit.Id), JSON.stringify({ LoadState: 'loaded', ...unit }))
  let made = 0

  beforeAll(async () => {
    await mkdir(units())
    const script = join(import.meta.dirname, 'systemctl.mjs')
    await writeFile(
      join(folder(), 'systemctl'),
      `#!/bin/sh\nexec "${process.execPath}" "${script}" "${units()}" "$@"\n`,
    )
    await chmod(join(folder(), 'systemctl'), 0o755)
  })

  return {
    driver: (more) =>
      systemdDriver({
        shell: createHostShell({ ...process.env, PATH: `${folder()}:${process.env['PATH']}` }),
        ownUnits: [],
        ...more,
      }),
    folder: units,
    write,
    read: async (name) => JSON.parse(await readFile(fileOf(name), 'utf8')) as UnitFile,
    make: async (more = {}) => {
      const name = `unit-${made++}.service`
      await write({
        Id: name,
        ActiveState: 'active',
        ActiveEnterTimestamp: 'Sat 2026-11-21 07:36:44.123456 UTC',
        InvocationID: 'b06b3bd5a1b84c2f8a2c0e3d7d1f5a60',
        starts: 1,
        ...more,
      })
      return name
    },
  }
}
