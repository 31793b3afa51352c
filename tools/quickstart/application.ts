import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { lstat, mkdir, readFile, readdir, rm, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { folder, type Application } from './place.js'
import { commandService, dockerService } from './service.js'
import { createDatabase, removeRows, rowsOf } from './database.js'

const guestbook = join(folder, 'guestbook')
const uploads = join(guestbook, 'uploads')
const entries = join(guestbook, 'entries.db')

const UPLOADS = 40
const UPLOAD_BYTES = 256 * 1024
const ROWS = 1000

/** Uploaded files, a database with rows, and a running service: a container where Docker answers, else a process. */
export async function makeApplication(): Promise<Application> {
  await mkdir(folder, { mode: 0o700 })
  await mkdir(uploads, { recursive: true })
  for (let number = 1; number <= UPLOADS; number++) {
    await writeFile(join(uploads, `photo-${String(number).padStart(2, '0')}.jpg`), randomBytes(UPLOAD_BYTES))
  }
  await createDatabase(entries, ROWS)
  return (await dockerService(guestbook)) ?? (await commandService(folder, guestbook))
}

/** What a bad day does. */
export async function damage(): Promise<void> {
  const names = (await readdir(uploads)).sort()
  for (const name of names.slice(0, 10)) await rm(join(uploads, name))
  for (const name of names.slice(10, 20)) await truncate(join(uploads, name), 1000)
  await writeFile(join(uploads, 'ransom.txt'), 'Your files are mine.')
  await removeRows(entries)
}

/** Changes with every byte of the files and every row of the database. */
export async function fingerprint(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(uploads)).sort())
    hash.update(`${name}\0`).update(await readFile(join(uploads, name)))
  return hash.update(await rowsOf(entries)).digest('hex')
}

/** A folder of this name that somebody else made is not ours to remove. */
export async function assertOurs(): Promise<void> {
  if (!existsSync(folder)) return
  const { uid } = await lstat(folder)
  if (uid !== process.getuid?.())
    throw new Error(`${folder} belongs to another user. Remove it, then try again.`)
}
