/** Origins that an operator allows, in the spelling of the Origin header (RFC 6454). */
import { canParseUrl } from './url.js'

/** `scheme://host`, or `scheme://*` for every host of it. Extensions, editors and apps have their own schemes. */
const entry = /^([a-z][a-z\d+.-]*):\/\/(\*|[\w.~-]+(?::\d{1,5})?)$/i

/** No page has an origin with these schemes: `file:` and `data:` pages send `null`, the others are not pages. */
const neverOrigins: ReadonlySet<string> = new Set(
  'about blob data file filesystem ftp javascript view-source ws wss'.split(' '),
)

function isWebScheme(scheme: string): boolean {
  return /^https?$/i.test(scheme)
}

/** An entry of the list in the form for comparison. Throws an Error whose message completes "NAME …". */
export function allowedOrigin(text: string): string {
  const usual = 'must list origins such as https://app.example.com, chrome-extension://<id> or vscode-webview://*'
  if (text.toLowerCase() === 'null') throw new Error('must not list null: every sandboxed page has that origin')
  const [, scheme, host] = entry.exec(text) ?? []
  if (scheme !== undefined && neverOrigins.has(scheme.toLowerCase()))
    throw new Error(`must not list ${text}: no page sends such an origin`)
  if (scheme !== undefined && !isWebScheme(scheme)) return text
  if (host === '*') throw new Error(`must name hosts: ${text} would be every page of the web`)
  if (text.includes('*') || !canParseUrl(text) || new URL(text).origin !== text) throw new Error(usual)
  return text
}

/**
 * Whether an Origin header is on the list: exactly, in any case, or by its scheme where the entry is `scheme://*`. No entry matches all
 * hosts of http or https, because then any page could call.
 */
export function createOriginList(entries: readonly string[]): (origin: string) => boolean {
  const exact = new Set(entries.map((origin) => origin.toLowerCase()))
  const schemes = new Set(
    [...exact].flatMap((origin) => {
      const [, scheme, host] = entry.exec(origin) ?? []
      return scheme !== undefined && host === '*' && !isWebScheme(scheme) ? [scheme] : []
    }),
  )
  return (given) => {
    const origin = given.toLowerCase()
    // A text with an asterisk is an entry, never an origin.
    if (exact.has(origin) && !origin.includes('*')) return true
    const [, scheme = '', host] = entry.exec(origin) ?? []
    return host !== '*' && schemes.has(scheme)
  }
}
