// Stands in for systemctl where no systemd runs: `systemctl.mjs FOLDER ARGUMENTS…`. Each unit is a JSON file in the folder.
// A stop and a start go on when who asked for them is killed, as systemd's own do: their ends are times in the file.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const [folder, ...rest] = process.argv.slice(2)
const dashes = rest.indexOf('--')
const [verb, ...options] = rest.slice(0, dashes).filter((argument) => argument !== '--no-ask-password')
const names = rest.slice(dashes + 1)
const fileOf = (name) => join(folder, `${name}.json`)

function read(name) {
  if (!existsSync(fileOf(name))) return undefined
  const unit = JSON.parse(readFileSync(fileOf(name), 'utf8'))
  if (unit.alias !== undefined) return read(unit.alias)
  if (unit.stopsAt !== undefined && Date.now() >= unit.stopsAt)
    return { ...unit, stopsAt: undefined, ActiveState: 'inactive' }
  if (unit.startsAt !== undefined && Date.now() >= unit.startsAt) return up(unit)
  return unit
}

const up = ({ startsAt, ...unit }) => ({
  ...unit,
  ActiveState: 'active',
  InvocationID: String(startsAt),
  ActiveEnterTimestamp: `Sat ${new Date(startsAt).toISOString().replace('T', ' ').replace('Z', '000 UTC')}`,
})

function write(unit) {
  writeFileSync(`${fileOf(unit.Id)}.${process.pid}`, JSON.stringify(unit))
  renameSync(`${fileOf(unit.Id)}.${process.pid}`, fileOf(unit.Id))
}

function fail(message, code = 1) {
  process.stderr.write(`${message}\n`)
  process.exit(code)
}

if (existsSync(join(folder, 'says'))) fail(readFileSync(join(folder, 'says'), 'utf8'))
if (verb !== 'show' && existsSync(join(folder, 'refuses')))
  fail(readFileSync(join(folder, 'refuses'), 'utf8'))

const actions = {
  show() {
    const wanted = options
      .find((option) => option.startsWith('--property='))
      .slice('--property='.length)
      .split(',')
    const blocks = names.map((name) => {
      const unit = read(name) ?? { Id: name, LoadState: 'not-found', ActiveState: 'inactive' }
      return wanted.map((key) => `${key}=${unit[key] ?? ''}\n`).join('')
    })
    process.stdout.write(blocks.join('\n'))
  },

  async stop([name]) {
    const unit = read(name) ?? fail(`Failed to stop ${name}: Unit ${name} not loaded.`, 5)
    if (unit.ActiveState === 'inactive' || unit.ActiveState === 'failed') return
    const stopsAt = unit.stopsAt ?? Date.now() + 1000 * (unit.stopSeconds ?? 0)
    write({ ...unit, ActiveState: 'deactivating', stopsAt, startsAt: undefined })
    while (Date.now() < stopsAt) await delay(20)
    write({ ...read(name), ActiveState: 'inactive', stopsAt: undefined })
  },

  async start([name]) {
    const unit = read(name) ?? fail(`Failed to start ${name}: Unit ${name} not found.`, 5)
    if (unit.LoadState === 'masked') fail(`Failed to start ${name}: Unit ${name} is masked.`)
    if (unit.ActiveState === 'active') return
    while (read(name).stopsAt !== undefined) await delay(20)
    if (unit.startsBadly) {
      write({ ...read(name), ActiveState: 'failed' })
      fail(`Job for ${name} failed because the control process exited with error code.`)
    }
    if (read(name).ActiveState !== 'activating') {
      const startsAt = Date.now() + 1000 * (unit.startSeconds ?? 0)
      write({ ...read(name), ActiveState: 'activating', startsAt, starts: (unit.starts ?? 0) + 1 })
    }
    while (read(name).ActiveState === 'activating') await delay(20)
    if (read(name).ActiveState !== 'active') fail(`Job for ${name} canceled.`)
    write(read(name))
  },
}

await actions[verb](names)
