export interface KeyFileQuestion {
  /** Where the configuration will lie. */
  readonly folder: string
  readonly isRoot: boolean
  readonly homedir: string
}

/** Where a first key belongs: never into the folder of the configuration, which is kept in git. */
export function keyFileFor({ folder, isRoot, homedir }: KeyFileQuestion): string {
  const ofMachine = '/etc/holdfast'
  const ofUser = `${homedir}/.config/holdfast`
  const [usual, other] = isRoot ? [ofMachine, ofUser] : [ofUser, ofMachine]
  return `${`${usual}/`.startsWith(`${folder}/`) ? other : usual}/main.key`
}
