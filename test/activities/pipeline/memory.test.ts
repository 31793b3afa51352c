import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { dataEnvironment } from '../../../worker/data-environment.js'
import { longer } from '../../support/long.js'

const MIB = 1024 * 1024
const BYTES = longer(1024) * MIB

it(
  'takes a gibibyte in and out in flat memory',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-memory-'))
    const program = join(import.meta.dirname, 'store-and-read.ts')
    try {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', program, folder, String(BYTES)],
        { env: dataEnvironment(process.env) },
      )
      const measured = JSON.parse(stdout) as { readBytes: number; grownBytes: number }

      expect(measured.readBytes).toBe(BYTES)
      expect(measured.grownBytes).toBeLessThan(250 * MIB)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
  longer(120_000),
)
