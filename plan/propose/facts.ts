// What is seen of a machine that has no plans yet: names and places, never a value of an environment, never contents.

export interface SeenMount {
  readonly type: 'volume' | 'bind'
  /** Name of the volume, or path on the host. */
  readonly from: string
  /** Path in the container. */
  readonly to: string
  readonly isWritable: boolean
}

export interface SeenContainer {
  readonly name: string
  readonly image: string
  readonly isRunning: boolean
  /** Of Docker Compose. */
  readonly project?: string
  readonly service?: string
  /** Names only. */
  readonly variables: readonly string[]
  /** Ports of the container, whether or not they are published. */
  readonly ports: readonly number[]
  readonly mounts: readonly SeenMount[]
}

/** A database server on the host itself, by its socket. */
export interface SeenServer {
  readonly family: 'postgres' | 'mysql'
  /** As `connection.host` of a source takes it: the folder of the socket for PostgreSQL, the socket for MySQL. */
  readonly socket: string
  readonly port?: number
}

export interface SeenSqlite {
  readonly path: string
  /** The systemd unit whose process has it open. */
  readonly unit?: string
}

export interface SeenMachine {
  /** Why containers could not be looked at; left out where they could, and where there is no Docker. */
  readonly dockerProblem?: string
  readonly containers: readonly SeenContainer[]
  /** All volumes of Docker, also those that nobody mounts. */
  readonly volumes: readonly string[]
  readonly servers: readonly SeenServer[]
  readonly sqlite: readonly SeenSqlite[]
  /** Folders that were not searched to their end. */
  readonly unfinished: readonly string[]
  /** Name of the user that looks, who will run the agent. */
  readonly user: string
}
