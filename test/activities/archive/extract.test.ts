import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { extract } from '../../../activities/archive/extract.js'
import { createHostShell } from '../../../activities/services/shell.js'
import { pieces } from '../pipeline/bytes.js'
import { forgedTar, type ForgedMember } from './forged-tar.js'
import { testWith } from '../../support/needs.js'

let folder: string
let inside: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-extract-'))
  inside = join(folder, 'inside')
  mkdirSync(inside)
  mkdirSync(join(folder, 'outside'))
  writeFileSync(join(folder, 'outside/file'), 'untouched')
})
afterEach(() => rmSync(folder, { recursive: true }))

const extracted = (archive: Buffer, member = 'srv') =>
  extract(pieces(archive, 1000), {
    shell: createHostShell(process.env),
    roots: [{ member, folder: inside }],
    isWanted: () => true,
    signal: new AbortController().signal,
  })
const forged = (...members: ForgedMember[]) => extracted(forgedTar(members))

const hostile: [string, ForgedMember[]][] = [
  ['a name with ".."', [{ name: 'srv/../../outside/file', content: 'x' }]],
  ['a name that is ".."', [{ name: '..', type: '5' }]],
  ['an absolute name', [{ name: '/tmp/holdfast-escaped', content: 'x' }]],
  [
    'an absolute name in a pax record',
    [{ name: 'srv/x', pax: { path: '/tmp/holdfast-escaped' }, content: 'x' }],
  ],
  ['".." in a pax record', [{ name: 'srv/x', pax: { path: 'srv/../../outside/file' }, content: 'x' }]],
  [
    '".." as the name of a sparse file',
    [{ name: 'srv/x', pax: { 'GNU.sparse.name': 'srv/../../x' }, content: 'x' }],
  ],
  [
    'two extended headers for one member',
    [
      {
        name: 'srv/x',
        pax: { path: 'srv/a' },
        content: '14 path=/etc/x\n',
        change: (header) => header.write('x', 156),
      },
    ],
  ],
  ['a name outside the paths of the source', [{ name: 'etc/passwd', content: 'x' }]],
  ['a NUL in a name', [{ name: 'srv/x', pax: { path: 'srv/x\0y' }, content: 'x' }]],
  [
    'a file through a link',
    [
      { name: 'srv/l', type: '2', link: '../../outside' },
      { name: 'srv/l/file', content: 'x' },
    ],
  ],
  [
    'a file in place of a link',
    [
      { name: 'srv/l', type: '2', link: '../../outside/file' },
      { name: 'srv/l', content: 'x' },
    ],
  ],
  [
    'a file through a second name of a link',
    [
      { name: 'srv/l', type: '2', link: '../../outside' },
      { name: 'srv/h', type: '1', link: 'srv/l' },
      { name: 'srv/h/file', content: 'x' },
    ],
  ],
  [
    'a name that hides a link behind "."',
    [
      { name: 'srv/l', type: '2', link: '/tmp' },
      { name: 'srv/./l/x', content: 'x' },
    ],
  ],
  ['a hard link that leads out', [{ name: 'srv/h', type: '1', link: '../outside/file' }]],
  ['a hard link to an absolute name', [{ name: 'srv/h', type: '1', link: '/etc/passwd' }]],
  ['a hard link into another path', [{ name: 'srv/h', type: '1', link: 'etc/passwd' }]],
  [
    'a hard link through a link',
    [
      { name: 'srv/l', type: '2', link: '../../outside' },
      { name: 'srv/h', type: '1', link: 'srv/l/file' },
    ],
  ],
  ['an old GNU long name', [{ name: '././@LongLink', type: 'L', content: '/tmp/x\0' }]],
  ['records for all that follows', [{ name: 'g', type: 'g', content: '17 path=/tmp/x\n\n' }]],
  ['a list of a folder', [{ name: 'srv', type: 'D', content: 'Yx\0' }]],
  [
    'a file that tar takes for a folder, and its content for headers',
    [{ name: 'srv/x/', content: forgedTar([{ name: '../outside/file', content: 'x' }]).toString('latin1') }],
  ],
  ['such a name in a pax record', [{ name: 'srv/x', pax: { path: 'srv/x/' }, content: 'x' }]],
  ['a header with a wrong checksum', [{ name: 'srv/x', damage: (header) => header.write('7', 100) }]],
  ['a header of GNU, not POSIX', [{ name: 'srv/x', change: (header) => header.write('ustar  ', 257) }]],
]
it.each(hostile)('refuses %s', async (_, members) => {
  await expect(forged({ name: 'srv', type: '5' }, ...members)).rejects.toMatchObject({
    code: 'archive.hostile',
  })

  expect(readFileSync(join(folder, 'outside/file'), 'utf8')).toBe('untouched')
  expect(readdirSync(join(folder, 'outside'))).toEqual(['file'])
  expect(existsSync('/tmp/holdfast-escaped')).toBe(false)
})

it('refuses an archive without an end', async () => {
  const archive = forgedTar([{ name: 'srv/x', content: 'x' }])

  await expect(extracted(archive.subarray(0, 1024))).rejects.toMatchObject({ code: 'archive.hostile' })
})

it('refuses members after the end', async () => {
  const archive = forgedTar([{ name: 'srv/x', content: 'x' }])

  await expect(extracted(Buffer.concat([archive, archive]))).rejects.toMatchObject({
    code: 'archive.hostile',
  })
})

it('restores links as they are, wherever they point', async () => {
  await forged(
    { name: 'srv', type: '5' },
    { name: 'srv/absolute', type: '2', link: '/etc/passwd' },
    { name: 'srv/up', type: '2', link: '../../outside' },
    { name: 'srv/x', content: 'x' },
  )

  expect(readdirSync(join(inside, 'srv')).sort()).toEqual(['absolute', 'up', 'x'])
  expect(readFileSync(join(folder, 'outside/file'), 'utf8')).toBe('untouched')
})

it('reads members whatever way the stream is cut', async () => {
  mkdirSync(join(folder, 'tree'))
  for (let number = 0; number < 40; number++)
    writeFileSync(join(folder, `tree/${'n'.repeat(120)}${number}`), 'x'.repeat(number * 37))
  const archive = execFileSync('tar', ['--create', '--file=-', '--format=posix', '-C', folder, 'tree'])

  for (const chunkBytes of [1, 511, 512, 513, 10_240]) {
    rmSync(inside, { recursive: true })
    mkdirSync(inside)
    await extract(pieces(archive, chunkBytes), {
      shell: createHostShell(process.env),
      roots: [{ member: 'tree', folder: inside }],
      isWanted: () => true,
      signal: new AbortController().signal,
    })
    execFileSync('diff', ['-r', join(folder, 'tree'), join(inside, 'tree')])
  }
})

testWith(['root'], 'says that the disk is full', async () => {
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', inside])
  try {
    await expect(forged({ name: 'srv/x', content: 'x'.repeat(3_000_000) })).rejects.toMatchObject({
      code: 'restore.no-space',
    })
  } finally {
    execFileSync('umount', ['-l', inside])
  }
})
