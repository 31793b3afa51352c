export const pythonWithTink: string
export function installTink(): void
export function hasTink(): boolean
