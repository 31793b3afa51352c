import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { open, readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** Marked values that must not be found: the promise S1 of docs/guarantees.md. */
export interface Canaries {
  /** From now on also this one; `mayHold`: names of files that are made to hold it. */
  add(name: string, value: string, mayHold?: readonly string[]): void
  /** Looks into what a command has said. */
  inspect(where: string, text: string): void
  /** Ends the sampling of processes, and answers each place where one was seen: also in the files of the folder. */
  found(): Promise<readonly string[]>
}

interface Canary {
  readonly name: string
  readonly spellings: readonly Buffer[]
  readonly mayHold: readonly string[]
}

const SAMPLE_MS = 200
const PIECE_BYTES = 2 ** 20
/** Longer than any spelling. */
const OVERLAP_BYTES = 1024

/** Holdfast itself, and those that are given the password of their own work. */
const MAY_HAVE_IN_ENVIRONMENT = /^(?:node|pg_|psql|mariadb|mysql)/

/** @param folder of the world whose processes are watched: each has it in its arguments, or was started by one that has */
export function watchCanaries(folder: string, secrets: Readonly<Record<string, string>>): Canaries {
  const canaries: Canary[] = []
  const found = new Set<string>()
  const add: Canaries['add'] = (name, value, mayHold = []) =>
    canaries.push({ name, spellings: spellingsOf(value), mayHold })
  for (const [name, value] of Object.entries(secrets)) add(name, value)
  const look = (where: string, bytes: Buffer, file?: string): void => {
    for (const { name, spellings, mayHold } of canaries) {
      if (file !== undefined && mayHold.includes(file)) continue
      if (spellings.some((spelling) => bytes.includes(spelling))) found.add(`${name} in ${where}`)
    }
  }
  const sampling = setInterval(() => {
    if (canaries.length > 0) sampleProcesses(folder, look)
  }, SAMPLE_MS)
  sampling.unref()
  return {
    add,
    inspect: (where, text) => look(where, Buffer.from(text)),
    found: async () => {
      clearInterval(sampling)
      if (canaries.length > 0) await searchFiles(folder, look)
      return [...found]
    },
  }
}

/** As it is, in an address, and in Base64 wherever it begins in what was encoded. */
function spellingsOf(value: string): readonly Buffer[] {
  if (value.length < 12) throw new Error(`"${value}" is too short to be told from anything else`)
  const bytes = Buffer.from(value)
  const encoded = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    // Without the digits that its neighbours have a share in.
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
  return [...new Set([value, encodeURIComponent(value), ...encoded])].map((text) => Buffer.from(text))
}

type Look = (where: string, bytes: Buffer, file?: string) => void

function sampleProcesses(folder: string, look: Look): void {
  const parents = new Map<string, string>()
  const own = new Set<string>()
  const programs = new Map<string, string>()
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const program = basename(readlinkSync(`/proc/${pid}/exe`))
      const argv = readFileSync(`/proc/${pid}/cmdline`)
      look(`the arguments of ${program}`, argv)
      if (argv.includes(folder)) own.add(pid)
      const [, parent = ''] = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? []
      parents.set(pid, parent)
      programs.set(pid, program)
    } catch {
      // It has ended.
    }
  }
  for (const [pid, program] of programs) {
    if (MAY_HAVE_IN_ENVIRONMENT.test(program) || !isOf(own, parents, pid)) continue
    try {
      const environment = readFileSync(`/proc/${pid}/environ`)
      // Nor is it what it was, where it has become another program meanwhile, or the number another process.
      if (basename(readlinkSync(`/proc/${pid}/exe`)) === program)
        look(`the environment of ${program}`, environment)
    } catch {
      // It has ended.
    }
  }
}

function isOf(own: ReadonlySet<string>, parents: ReadonlyMap<string, string>, pid: string): boolean {
  for (let at: string | undefined = pid; at !== undefined; at = parents.get(at)) if (own.has(at)) return true
  return false
}

async function searchFiles(folder: string, look: Look): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((one) => one.isFile())) {
    const path = join(entry.parentPath, entry.name)
    const file = await open(path)
    try {
      const piece = Buffer.alloc(PIECE_BYTES + OVERLAP_BYTES)
      for (let at = 0, read = PIECE_BYTES; read >= PIECE_BYTES; at += PIECE_BYTES) {
        read = (await file.read(piece, 0, piece.length, at)).bytesRead
        look(path, piece.subarray(0, read), entry.name)
      }
    } finally {
      await file.close()
    }
  }
}
