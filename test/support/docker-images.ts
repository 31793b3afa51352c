import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type Docker from 'dockerode'

const run = promisify(execFile)
const here = (name: string) => join(import.meta.dirname, 'images', name)

const TINY = `FROM scratch
ADD . /
RUN ["/bin/busybox", "--install", "/bin"]
HEALTHCHECK --interval=1s --timeout=2s --retries=2 CMD ["/bin/test", "-f", "/tmp/healthy"]
CMD ["/bin/sh", "/service.sh"]
`

const POSTGRES = `FROM scratch
ADD rootfs.tar /
RUN ["/bin/busybox", "--install", "/bin"]
RUN ["/bin/chown", "-R", "postgres:postgres", "/var/lib/postgresql", "/var/run/postgresql"]
USER postgres
ENV PATH=/usr/lib/postgresql/15/bin:/bin LANG=C.UTF-8
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1s --timeout=5s --retries=30 CMD ["pg_isready", "-q"]
CMD ["/bin/sh", "/entry.sh"]
`

/** A 2 MB image of busybox: see `images/tiny-service.sh`. Built from this machine's own busybox; nothing is pulled. */
export async function buildTinyImage(docker: Docker): Promise<string> {
  const script = await readFile(here('tiny-service.sh'))
  return built(docker, 'holdfast-test-tiny', [TINY, script], async (folder) => {
    await mkdir(join(folder, 'bin'))
    await copyFile('/bin/busybox', join(folder, 'bin/busybox'))
    for (const place of ['data', 'tmp', 'etc', 'root']) await mkdir(join(folder, place))
    await chmod(join(folder, 'tmp'), 0o1777)
    await writeFile(
      join(folder, 'etc/passwd'),
      'root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n',
    )
    await writeFile(join(folder, 'service.sh'), script)
    return TINY
  })
}

/** PostgreSQL 15 of this machine's Debian packages, as an image; healthy within seconds. */
export async function buildPostgresImage(docker: Docker): Promise<string> {
  const script = await readFile(here('postgres-entry.sh'))
  return built(docker, 'holdfast-test-postgres', [POSTGRES, script], async (folder) => {
    const root = join(folder, 'rootfs')
    const copies = [
      '/usr/lib/postgresql/15',
      '/usr/share/postgresql/15',
      '/usr/lib/locale/C.utf8',
      '/usr/share/zoneinfo',
    ]
    for (const path of copies) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await cp(path, join(root, path), { recursive: true, dereference: true })
    }
    await copyLibraries(root)
    for (const place of ['bin', 'tmp', 'etc', 'var/lib/postgresql/data', 'var/run/postgresql'])
      await mkdir(join(root, place), { recursive: true })
    await copyFile('/bin/busybox', join(root, 'bin/busybox'))
    await writeFile(
      join(root, 'etc/passwd'),
      'root:x:0:0::/:/bin/sh\npostgres:x:999:999::/var/lib/postgresql:/bin/sh\n',
    )
    await writeFile(join(root, 'etc/group'), 'root:x:0:\npostgres:x:999:\n')
    await writeFile(join(root, 'entry.sh'), script)
    await run('chmod', ['1777', join(root, 'tmp')])
    await run('tar', ['-C', root, '--owner=0', '--group=0', '-cf', join(folder, 'rootfs.tar'), '.'])
    await rm(root, { recursive: true })
    return POSTGRES
  })
}

/** Every shared library that PostgreSQL's programs and modules need, with the loader, at their own paths. */
async function copyLibraries(root: string): Promise<void> {
  const { stdout: programs } = await run('find', [
    '/usr/lib/postgresql/15/bin',
    '/usr/lib/postgresql/15/lib',
    '-type',
    'f',
    '(',
    '-perm',
    '-u+x',
    '-o',
    '-name',
    '*.so',
    ')',
  ])
  const libraries = new Set<string>()
  for (const program of programs.trim().split('\n')) {
    const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' }))
    for (const [, path] of stdout.matchAll(/(\/\S+) \(0x/g)) if (path !== undefined) libraries.add(path)
  }
  for (const library of libraries) {
    await mkdir(dirname(join(root, library)), { recursive: true })
    await cp(library, join(root, library), { dereference: true })
  }
}

/** Builds an image from a folder, once: its tag is the digest of what it is made of. */
async function built(
  docker: Docker,
  name: string,
  madeOf: readonly (string | Buffer)[],
  fill: (folder: string) => Promise<string>,
): Promise<string> {
  const digest = madeOf.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')
  const tag = `${name}:${digest.slice(0, 12)}`
  if (
    await docker
      .getImage(tag)
      .inspect()
      .catch(() => undefined)
  )
    return tag
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-image-'))
  try {
    await writeFile(join(folder, 'Dockerfile'), await fill(folder))
    const tar = spawn('tar', ['-C', folder, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
    const output = await docker.buildImage(tar.stdout, { t: tag, networkmode: 'none', rm: true })
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(output, (error, steps: { error?: string }[] | null) => {
        const failed = error ?? steps?.find((step) => step.error !== undefined)?.error
        if (failed) reject(new Error(`Image ${tag} was not built: ${String(failed)}`))
        else resolve()
      })
    })
    return tag
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
