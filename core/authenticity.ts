/** What the code beside a manifest proved: it is right; it is there, but no key here can tell; it is not there. */
export type Proof = 'right' | 'untold' | 'absent'

/** What the code beside a mark proved; `wrong`: it is there, and is not that of the mark. */
export type MarkProof = Proof | 'wrong'

/**
 * Why a mark of an encrypted backup is not believed. `forged`: whoever wrote it did not have the data key, or it was moved
 * here from elsewhere. `untold`: no key of this host can tell.
 */
export type MarkDoubt = 'forged' | 'untold'

/** Undefined: the mark can be believed, or there is no key by which anyone could have proved it. */
export function doubtOf(proof: MarkProof, backup: { readonly isEncrypted: boolean }): MarkDoubt | undefined {
  if (!backup.isEncrypted || proof === 'right') return undefined
  return proof === 'untold' ? 'untold' : 'forged'
}

/**
 * How far a manifest can be believed, where keys are in play. `unchecked`: this host has no key to tell. `unauthenticated`:
 * anyone who can write to the destination could have written it.
 */
export type Authenticity = 'authentic' | 'unchecked' | 'unauthenticated'

/** What the host that looks knows of a plan's encryption. */
export interface KeyFacts {
  /** The plan as it is now names keys. */
  readonly isWanted: boolean
  /** This host has one of the keys that the plan names. */
  readonly hasPlanKey: boolean
}

/**
 * Undefined where no keys are in play. Where this host has a key of the plan, a code that none of its keys can tell is as
 * good as none: anyone can make one under a key of their own.
 */
export function authenticityOf(
  { proof, isEncrypted }: { proof: Proof; isEncrypted: boolean },
  { isWanted, hasPlanKey }: KeyFacts,
): Authenticity | undefined {
  switch (proof) {
    case 'right':
      return 'authentic'
    case 'untold':
      return hasPlanKey ? 'unauthenticated' : 'unchecked'
    case 'absent':
      return isWanted || isEncrypted ? 'unauthenticated' : undefined
  }
}
