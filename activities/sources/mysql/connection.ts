import type { MysqlSource } from '../../../schemas/sources.js'
import type { Flavour } from './tools.js'

/** How every program reaches the server. Option files stay unread: what a plan says is all that counts. Pure. */
export function connectionArguments(
  { connection }: MysqlSource,
  user: string,
  flavour: Flavour,
): readonly string[] {
  // It has to come first.
  const common = ['--no-defaults', `--user=${user}`]
  if (connection === undefined) return common
  const { host, port, tls, authority } = connection
  const where = host.startsWith('/')
    ? ['--protocol=socket', `--socket=${host}`]
    : ['--protocol=tcp', `--host=${host}`, ...(port === undefined ? [] : [`--port=${port}`])]
  return [...common, ...where, ...(tls === undefined ? [] : TLS[flavour][tls](authority))]
}

type Tls = NonNullable<NonNullable<MysqlSource['connection']>['tls']>

/** MySQL's programs look for authorities nowhere by themselves. */
const DEFAULT_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt'

type ArgumentsOf = (authority: string | undefined) => readonly string[]

/** MariaDB's programs take `--ssl` for a wish: only with the certificate checked do they refuse a server without TLS. */
const TLS: Readonly<Record<Flavour, Readonly<Record<Tls, ArgumentsOf>>>> = {
  MariaDB: {
    disable: () => ['--skip-ssl'],
    'verify-full': (authority) => [
      '--ssl-verify-server-cert',
      ...(authority === undefined ? [] : [`--ssl-ca=${authority}`]),
    ],
  },
  MySQL: {
    disable: () => ['--ssl-mode=DISABLED'],
    'verify-full': (authority = DEFAULT_AUTHORITIES) => [
      '--ssl-mode=VERIFY_IDENTITY',
      `--ssl-ca=${authority}`,
    ],
  },
}
