/** What a page's script posts of a passkey: JSON from a browser that may be anybody's. Read to typed values; nothing is believed yet. */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'

type Json = Readonly<Record<string, unknown>>

/** Longer than a credential of any device: ids have at most 1,023 bytes (WebAuthn §4). */
const longest = 12_000
const longestId = 1_364
const base64url = /^[\w-]+$/

function objectOf(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined
}

function parsed(text: string): Json | undefined {
  try {
    return objectOf(JSON.parse(text))
  } catch {
    return undefined
  }
}

function bytesOf(value: unknown): string | undefined {
  return typeof value === 'string' && base64url.test(value) ? value : undefined
}

interface Posted {
  readonly id: string
  readonly response: Json
  /** Of `clientDataJSON`. */
  readonly challenge: string
  readonly clientDataJSON: string
}

function postedOf(text: string | null): Posted | undefined {
  if (text === null || text.length > longest) return undefined
  const { id: given, rawId, type, response: inner } = parsed(text) ?? {}
  const [id, response] = [bytesOf(given), objectOf(inner)]
  if (id === undefined || id.length > longestId || rawId !== id || type !== 'public-key') return undefined
  const clientDataJSON = bytesOf(response?.['clientDataJSON'])
  if (response === undefined || clientDataJSON === undefined) return undefined
  const challenge = bytesOf(parsed(Buffer.from(clientDataJSON, 'base64url').toString())?.['challenge'])
  return challenge === undefined ? undefined : { id, response, challenge, clientDataJSON }
}

export interface PostedAssertion {
  readonly response: AuthenticationResponseJSON
  readonly challenge: string
  /** Whose the device says that the passkey is: the account's id. */
  readonly userHandle: string | undefined
}

/** The answer of `navigator.credentials.get`. */
export function assertionOf(text: string | null): PostedAssertion | undefined {
  const posted = postedOf(text)
  if (posted === undefined) return undefined
  const { id, challenge, clientDataJSON, response } = posted
  const [authenticatorData, signature] = [bytesOf(response['authenticatorData']), bytesOf(response['signature'])]
  if (authenticatorData === undefined || signature === undefined) return undefined
  const userHandle = bytesOf(response['userHandle'])
  const inner = { clientDataJSON, authenticatorData, signature }
  return {
    response: { id, rawId: id, type: 'public-key', clientExtensionResults: {}, response: inner },
    challenge,
    userHandle: userHandle === undefined ? undefined : Buffer.from(userHandle, 'base64url').toString(),
  }
}

const knownTransports: readonly string[] = ['ble', 'cable', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb']

export interface PostedRegistration {
  readonly response: RegistrationResponseJSON
  readonly challenge: string
  readonly transports: readonly string[]
}

/** The answer of `navigator.credentials.create`. */
export function registrationOf(text: string | null): PostedRegistration | undefined {
  const posted = postedOf(text)
  if (posted === undefined) return undefined
  const { id, challenge, clientDataJSON, response } = posted
  const attestationObject = bytesOf(response['attestationObject'])
  if (attestationObject === undefined) return undefined
  const transports = Array.isArray(response['transports']) ? response['transports'] : []
  return {
    response: {
      ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
      response: { clientDataJSON, attestationObject },
    },
    challenge,
    transports: knownTransports.filter((name) => transports.includes(name)),
  }
}

/** True for anything but no attestation, or the device's own signature. True as well for what cannot be read. */
export async function hasCertificates({ response }: RegistrationResponseJSON): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  try {
    const decoded = decodeAttestationObject(Buffer.from(response.attestationObject, 'base64url'))
    const format = decoded.get('fmt')
    return format !== 'none' && !(format === 'packed' && decoded.get('attStmt').get('x5c') === undefined)
  } catch {
    return true
  }
}
