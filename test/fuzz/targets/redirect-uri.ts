/** Redirect URIs: what may be registered, and which requests a registered one then answers. */
import { loopbackSpellings, redirectKind, redirectShape, withLoopbackPath } from '../../../src/oauth/redirect-uri.js'
import { clientOf, registrationRules } from '../engine-client.js'
import { type FuzzTarget, insist, insistEqual, linesOf } from '../target.js'

/** RFC 8252 §7.3, with nothing of a parser in it: the three hosts, letter for letter, and a port of digits, which may be none. */
const loopback = /^(http:\/\/(?:localhost|127\.0\.0\.1|\[::1\]))(?::\d*)?(?=[/?]|$)/i

/** A loopback URI without what may differ in a request: the port, and the slash of an empty path. */
function withoutFreedom(uri: string): string {
  const [matched = '', base = ''] = loopback.exec(uri) ?? []
  const rest = uri.slice(matched.length)
  return `${base}${rest === '' || rest.startsWith('?') ? `/${rest}` : rest}`
}

function checkKind(uri: string): void {
  const kind = redirectKind(uri)
  if (kind === 'forbidden') return
  insist(redirectShape(uri).length <= uri.length * 3 + 3, 'a shape is about as long as its redirect', uri)
  const url = new URL(uri)
  insist(/^[\x21-\x7e]+$/.test(uri) && !/[\\#*]/.test(uri), 'accepted text has one reading', uri)
  insist(url.username === '' && url.password === '' && url.hash === '', 'no credentials and no fragment', uri, kind)
  if (kind === 'private-use') {
    const isWeb = ['http:', 'https:', 'javascript:', 'data:', 'file:', 'blob:', 'vbscript:'].includes(url.protocol)
    insist(!isWeb, 'a private-use scheme is none of the web', uri)
    return
  }
  if (kind === 'https') {
    insist(url.protocol === 'https:' && url.host !== '' && /^https:\/\/[^/?]/i.test(uri), 'https is https', uri)
    return
  }
  insist(url.protocol === 'http:' && loopback.test(uri), 'plain http stays on this machine', uri)
}

function checkSpellings(uri: string): void {
  const written = withLoopbackPath(uri)
  insistEqual(withLoopbackPath(written), written, 'writing out the path twice changes nothing', uri)
  insistEqual(redirectKind(written), redirectKind(uri), 'writing out the path changes no verdict', uri)
  if (redirectKind(uri) === 'forbidden') return
  for (const spelling of loopbackSpellings(uri)) {
    insistEqual(new URL(spelling).href, new URL(uri).href, 'every spelling is the same request', uri, spelling)
  }
}

/** The second line itself, or what it makes of the first: `@3-2text` puts `text` in place of two characters at the third. */
function requestedUri(registered: string, line: string): string {
  const [, at, length, text = ''] = /^@(\d{1,3})-(\d{1,3})(.*)$/s.exec(line) ?? []
  if (at === undefined) return line
  return registered.slice(0, Number(at)) + text + registered.slice(Number(at) + Number(length))
}

function checkMatch(registered: string, requested: string): void {
  const metadata = { client_id: 'fuzz', redirect_uris: [registered], token_endpoint_auth_method: 'none' }
  const client = clientOf(metadata, 'registration')
  if (client === undefined) return
  const kind = redirectKind(registered)
  const mayBeRegistered =
    kind === 'https' || kind === 'loopback' || registrationRules.allowedPrivateUseRedirects.has(registered)
  insist(mayBeRegistered, 'what was registered may be', registered, kind)
  insistEqual(client.redirectUris, [registered], 'the answer says what was registered')
  insist(client.redirectUriAllowed(withLoopbackPath(registered)), 'what was registered is accepted', registered)
  if (!client.redirectUriAllowed(withLoopbackPath(requested))) return
  if (requested === registered) return
  insist(redirectKind(registered) === 'loopback', 'everything but loopback is compared exactly', registered, requested)
  insistEqual(
    withoutFreedom(requested),
    withoutFreedom(registered),
    'on loopback the port is free and no more',
    requested,
  )
  insistEqual(redirectKind(requested), 'loopback', 'what is accepted may be registered', registered, requested)
}

export const redirectUri: FuzzTarget = {
  name: 'redirect-uri',
  surface: 'redirect URIs: what may be registered, and which requests it then answers',
  maxBytes: 4_096,
  dictionary: [
    'http://',
    'https://',
    'localhost',
    '127.0.0.1',
    '[::1]',
    '@',
    ':80',
    '\t',
    '\\',
    '%2e',
    '#',
    '//',
    '?',
    '@0-0',
  ],
  check: (input) => {
    const [registered = '', line = ''] = linesOf(input, 2)
    const requested = requestedUri(registered, line)
    for (const uri of [registered, requested]) {
      checkKind(uri)
      checkSpellings(uri)
    }
    checkMatch(registered, requested)
  },
}
