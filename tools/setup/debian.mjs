// Debian packages that the tests drive as real services. Only as root on Debian; elsewhere the tests say what they miss.
import { existsSync, readFileSync } from 'node:fs'
import { run, step } from './steps.mjs'

/** Package → a file that shows that it is there. */
const packages = {
  'docker.io': '/usr/sbin/dockerd',
  lxc: '/usr/bin/lxc-start',
  postgresql: '/usr/share/doc/postgresql',
  'mariadb-server': '/usr/sbin/mariadbd',
  sqlite3: '/usr/bin/sqlite3',
  softhsm2: '/usr/bin/softhsm2-util',
  'openssh-server': '/usr/sbin/sshd',
  python3: '/usr/bin/python3',
  acl: '/usr/bin/setfacl',
  attr: '/usr/bin/setfattr',
  'libcap2-bin': '/usr/sbin/setcap',
  zstd: '/usr/bin/zstd',
  // Brings the module `ensurepip`, without which no environment can be made.
  'python3-venv': '/usr/share/doc/python3-venv',
  'busybox-static': '/bin/busybox',
  'util-linux': '/usr/bin/setpriv',
  hostname: '/bin/hostname',
  openssl: '/usr/bin/openssl',
  zsh: '/usr/bin/zsh',
  fish: '/usr/bin/fish',
}

export const installDebianPackages = () =>
  install(Object.keys(packages).filter((name) => !existsSync(packages[name])))

/** Installs packages, where that is possible; says whether it was. */
export const installPackage = (...names) => install(names)

function install(names) {
  const isDebian =
    existsSync('/etc/os-release') && /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'))
  if (names.length === 0 || !isDebian || process.getuid?.() !== 0) return false
  step(`Installing Debian packages: ${names.join(' ')}`)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  run('apt-get', ['update', '-qq'], { env })
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...names], { env, quiet: true })
  return true
}
