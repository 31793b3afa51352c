// A service as a plain process, for the quickstart where there is no Docker and for tests: serves FOLDER/uploads over HTTP until it is
// told to stop. `start FOLDER`, `stop FOLDER`, `running FOLDER`, and `serve FOLDER`, which is the service itself.
// FOLDER/history has a line per start and stop.
import { spawn } from 'node:child_process'
import { appendFileSync, createReadStream, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { basename, join } from 'node:path'

const WAIT_MS = 10_000
const [verb, folder] = process.argv.slice(2)
const pidFile = join(folder, 'guestbook.pid')

const note = (text) => appendFileSync(join(folder, 'history'), `${text}\n`)

const verbs = { serve, start, stop, running }
await verbs[verb]()

function serve() {
  const server = createServer((request, response) => {
    const file = join(folder, 'uploads', basename(request.url ?? ''))
    if (!existsSync(file)) return response.writeHead(404).end()
    createReadStream(file).pipe(response)
  })
  server.listen(0, '127.0.0.1', () => writeFileSync(pidFile, String(process.pid)))
  process.on('SIGTERM', () => {
    rmSync(pidFile, { force: true })
    process.exit(0)
  })
}

async function start() {
  if (isRunning()) return
  note('start')
  spawn(process.execPath, [import.meta.filename, 'serve', folder], {
    detached: true,
    stdio: 'ignore',
  }).unref()
  await until(isRunning)
}

async function stop() {
  if (!isRunning()) return
  note('stop')
  process.kill(pid(), 'SIGTERM')
  await until(() => !isRunning())
}

function running() {
  process.exit(isRunning() ? 0 : 1)
}

function isRunning() {
  try {
    process.kill(pid(), 0)
    return true
  } catch {
    return false
  }
}

function pid() {
  return Number(readFileSync(pidFile, 'utf8'))
}

async function until(condition) {
  for (const deadline = Date.now() + WAIT_MS; Date.now() < deadline;) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  process.exit(1)
}
