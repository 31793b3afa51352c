/** Kinds of sources that a server keeps: dumped while it runs, each dump consistent by itself, restored under a name. */
export type ServerDatabase = 'postgres' | 'mysql'

/** Where each listens unless somebody says otherwise. */
export const DEFAULT_PORTS: Readonly<Record<ServerDatabase, number>> = { postgres: 5432, mysql: 3306 }

export const isServerDatabase = (type: string): type is ServerDatabase =>
  type === 'postgres' || type === 'mysql'

export const isServerSource = <S extends { readonly type: string }>(
  source: S,
): source is Extract<S, { readonly type: ServerDatabase }> => isServerDatabase(source.type)
