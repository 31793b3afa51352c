/** What was being done when a program of a database failed, for the message. */
export interface Attempt {
  /** For people: `PostgreSQL on db.lan:5432`. */
  readonly server: string
  readonly user: string
  readonly program: string
  /** What was being done: `dumping database "orders"`. */
  readonly work: string
  /** What it is when nothing better is known. */
  readonly otherwise: 'source.failed' | 'restore.failed'
  readonly secrets: readonly string[]
}

const MAX_EXCERPT_CHARACTERS = 200

/** `server: work failed: excerpt`, or how the program ended where it said nothing that can be shown. */
export const failureMessage = (attempt: Attempt, excerpt: string | undefined, exitCode: number): string =>
  `${attempt.server}: ${attempt.work} failed: ${excerpt ?? `${attempt.program} exited with code ${exitCode}`}.`

export const withoutSecrets = (words: string, secrets: readonly string[]): string =>
  secrets.filter((secret) => secret !== '').reduce((text, secret) => text.replaceAll(secret, '***'), words)

/** Of what was made free of secrets: a cut before could leave half of one. */
export const shortened = (words: string): string =>
  words.length <= MAX_EXCERPT_CHARACTERS ? words : `${words.slice(0, MAX_EXCERPT_CHARACTERS)}…`
