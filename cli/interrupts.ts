const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Calls back at Ctrl-C and its like; returns how to stop listening. */
export type OnInterrupt = (listener: (signal: string) => void) => () => void

/** The signals of the process, which do not end it meanwhile. */
export const processInterrupts: OnInterrupt = (listener) => {
  for (const name of INTERRUPTS) process.on(name, listener)
  return () => {
    for (const name of INTERRUPTS) process.off(name, listener)
  }
}
