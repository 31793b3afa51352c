import { execFileSync } from 'node:child_process'
import { linkSync, lutimesSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { noise } from '../pipeline/bytes.js'

/** All that archive libraries are known to lose. Needs root. */
export function makeHostileTree(root: string): void {
  const run = (program: string, ...argv: string[]) =>
    execFileSync(program, argv, { cwd: root, stdio: 'pipe' })
  const raw = (...bytes: number[]) => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(bytes)])

  writeFileSync(join(root, 'empty'), '')
  writeFileSync(join(root, 'large'), noise(9_000_000))
  writeFileSync(raw(0xff, 0xfe, 0x2f - 1), 'no UTF-8')
  writeFileSync(join(root, 'line\nbreak\\and "quotes"'), 'odd')
  writeFileSync(join(root, '-rf'), 'looks like an option')
  writeFileSync(join(root, ' blank at both ends '), '')
  writeFileSync(join(root, 'a: b: Cannot stat: No such file or directory'), 'looks like a message')

  const deep = Array.from({ length: 12 }, (_, depth) => `${depth}`.repeat(40).slice(0, 40)).join('/')
  mkdirSync(join(root, deep), { recursive: true })
  writeFileSync(join(root, deep, 'x'.repeat(255)), 'deep')

  writeFileSync(join(root, 'first'), 'linked')
  linkSync(join(root, 'first'), join(root, 'second'))
  linkSync(join(root, 'first'), join(root, deep, 'third'))
  symlinkSync('first', join(root, 'relative'))
  symlinkSync('/etc/passwd', join(root, 'absolute'))
  symlinkSync('../../nowhere', join(root, 'dangling'))

  run('mkfifo', 'fifo')
  run('mknod', 'character', 'c', '1', '3')
  run('mknod', 'block', 'b', '7', '200')
  run('truncate', '--size=64M', 'sparse')
  run('dd', 'if=/dev/urandom', 'of=sparse', 'bs=4096', 'count=3', 'seek=5000', 'conv=notrunc')
  run('truncate', '--size=2M', 'all-hole')

  mkdirSync(join(root, 'rights'))
  for (const name of ['owned', 'suid', 'capable', 'listed', 'tagged'])
    writeFileSync(join(root, 'rights', name), name)
  run('chown', '1234:4321', 'rights/owned')
  run('chown', '--no-dereference', '77:88', 'dangling')
  run('chmod', '6755', 'rights/suid')
  run('setcap', 'cap_net_bind_service=+ep', 'rights/capable')
  run('setfacl', '-m', 'u:1234:rw,g:4321:r', 'rights/listed')
  run('setfacl', '-d', '-m', 'u:1234:rwx', 'rights')
  run('setfattr', '-n', 'user.comment', '-v', '0x00ff0a3d', 'rights/tagged')
  run('setfattr', '-n', 'trusted.overlay', '-v', 'x', 'rights/tagged')
  run('chmod', '1777', 'rights')
  mkdirSync(join(root, 'unwritable'))
  writeFileSync(join(root, 'unwritable/x'), '')
  run('chmod', '0500', 'unwritable')

  run('touch', '-d', '2001-02-03T04:05:06.123456789Z', 'large')
  run('touch', '-d', '1969-12-31T23:59:58.5Z', 'empty')
  lutimesSync(join(root, 'relative'), 1_000_000_000.25, 1_000_000_000.25)
  run('touch', '-d', '1999-12-31T23:59:59.987654321Z', 'rights', 'unwritable', '.')
}
