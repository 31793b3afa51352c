import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const MIB = 1024 * 1024

it('takes 1 GiB in and out in flat memory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-memory-'))
  const program = join(import.meta.dirname, 'gigabyte.ts')
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, folder])
    const measured = JSON.parse(stdout) as { readBytes: number; peakBytes: number }

    expect(measured.readBytes).toBe(1024 * MIB)
    expect(measured.peakBytes).toBeLessThan(300 * MIB)
  } finally {
    await rm(folder, { recursive: true })
  }
}, 120_000)
