/**
 * What this host's own configuration lets runs touch, whatever Temporal asks for: embedded Temporal has no authentication.
 * Each fails with `plan.not-allowed` (or `restore.not-allowed`) and says which line of holdfast.yaml would allow it.
 */
export interface Allowed {
  service(canonicalReference: string): Promise<void>
  /** Paths that a source reads. */
  readPath(path: string): Promise<void>
  /** Folders that a restore writes to; where the sources came from is always allowed. */
  restorePath(path: string): Promise<void>
  volume(volume: string): Promise<void>
  secret(reference: unknown): Promise<void>
}
