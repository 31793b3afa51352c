/** Ctrl-C, `kill`, and a terminal that is closed. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Aborts at the first request to stop; later ones are not heard: stopping is under way, and each of its waits is bounded. */
export function stopRequests(): AbortSignal {
  const controller = new AbortController()
  for (const name of STOP_SIGNALS) process.on(name, () => controller.abort())
  return controller.signal
}

/** Aborts too when whoever started us is gone: a worker without its agent must not go on unseen. */
export function stopRequestsOfChild(): AbortSignal {
  if (!process.connected) return stopRequests()
  const controller = new AbortController()
  process.once('disconnect', () => controller.abort())
  // To be told is no reason to stay: a worker that has stopped must end although its agent lives.
  process.channel?.unref()
  return AbortSignal.any([stopRequests(), controller.signal])
}
