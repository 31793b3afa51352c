export function hasPkcs11(): boolean
