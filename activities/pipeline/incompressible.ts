/** Small pieces are compressed without asking. */
const MIN_BYTES = 256 * 1024
const SAMPLES = 16
const SAMPLE_BYTES = 1024
/** Bits per byte of a sample this large: noise has 7.99, compressed files 7.9 and more, text less than 6. */
const NOISE_BITS = 7.8
const TRIED_BYTES = 128 * 1024

/** Whether the bytes, looked at here and there, are as evenly spread as those of noise. Takes some 30 µs. */
export function isLikelyIncompressible(bytes: Buffer): boolean {
  if (bytes.length < MIN_BYTES) return false
  const counts = new Uint32Array(256)
  const step = Math.floor((bytes.length - SAMPLE_BYTES) / (SAMPLES - 1))
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = sample * step
    for (let at = start; at < start + SAMPLE_BYTES; at++) {
      const byte = bytes[at] as number
      counts[byte] = (counts[byte] as number) + 1
    }
  }
  return entropyOf(counts, SAMPLES * SAMPLE_BYTES) > NOISE_BITS
}

/** A piece to be tried: noise that repeats itself can be compressed, which counting bytes does not show. */
export function middleOf(bytes: Buffer): Buffer {
  const start = Math.max(0, Math.floor((bytes.length - TRIED_BYTES) / 2))
  return bytes.subarray(start, start + TRIED_BYTES)
}

const entropyOf = (counts: Uint32Array, total: number): number =>
  counts.reduce((bits, count) => (count === 0 ? bits : bits - (count / total) * Math.log2(count / total)), 0)
