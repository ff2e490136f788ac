/** Client identifiers that are URLs of client ID metadata documents (CIMD draft §3). Pure; nothing here fetches. */
import { canParseUrl } from './url.js'

const maxLength = 1_024

/**
 * True for an identifier that can only be the URL of a metadata document, well-formed or not: no other client may have such an identifier.
 */
export function claimsMetadataDocument(clientId: string): boolean {
  return /^https:/i.test(clientId)
}

/**
 * Hosts are names (RFC 1123 §2.1) without empty labels, no patterns and no addresses: an address proves no identity. Parsers normalise
 * every spelling of an IPv4 address to four numbers.
 */
function isName(hostname: string): boolean {
  return /^(?:[a-z\d-]+\.)*[a-z\d-]+$/.test(hostname) && !/^[\d.]+$/.test(hostname)
}

/**
 * True for a client identifier URL that the draft allows: https, a host name, a path without dot segments, no user, no fragment. It must
 * also be in the normalised form of parsers. Identifiers are compared as text, so another spelling (an upper-case host, `:443`,
 * backslashes, an encoded dot) could only serve to impersonate another client.
 */
export function isMetadataDocumentUrl(clientId: string): boolean {
  if (clientId.length > maxLength || !clientId.startsWith('https://') || !canParseUrl(clientId)) return false
  const url = new URL(clientId)
  if (url.href !== clientId || clientId.includes('#') || url.username !== '' || url.password !== '') return false
  return isName(url.hostname) && !/(?:^|\/)(?:\.|%2e){1,2}(?:\/|$)/i.test(url.pathname)
}
