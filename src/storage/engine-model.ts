/** What the adapters of all the engine's models share. */
import { SealError } from '../base/secrets.js'
import { outageError } from '../database/outage.js'
import type { Storage } from './storage.js'

/** Seconds a row is still read after its expiry, so that the engine applies its own clock tolerance. */
export const clockToleranceSeconds = 15

/** What device codes are sealed for, wherever they are stored. */
export const deviceCodePurpose = 'device code'

/**
 * Opens what the engine is about to use. What does not open here was sealed by a server with an encryption key that this one was not
 * given: another replica can answer, so 503, never as if something were wrong with the client (database/outage.ts).
 */
export function openSealed({ secretBox }: Storage, sealed: string, purpose: string): string {
  try {
    return secretBox.open(sealed, purpose)
  } catch (error) {
    throw error instanceof SealError ? outageError(error, error.message) : error
  }
}

/** Operations a model does not have. The engine never calls them for it; a call would be a programming mistake. */
export function unsupported(model: string, operation: string): () => Promise<never> {
  return async () => {
    throw new Error(`${model} has no ${operation}`)
  }
}

/** `expiresIn` seconds from now as a timestamp, or null for what does not expire. */
export function expiryOf(storage: Storage, expiresIn: number | undefined): string | null {
  if (expiresIn === undefined) return null
  return new Date(storage.clock.now().getTime() + expiresIn * 1000).toISOString()
}

/** The moment before which an expired row counts as gone. */
export function expiryLimit(storage: Storage, toleranceSeconds = clockToleranceSeconds): string {
  return new Date(storage.clock.now().getTime() - toleranceSeconds * 1000).toISOString()
}
