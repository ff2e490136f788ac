import { describe, expect, it } from '@jest/globals'
import { normaliseMetadata } from '../../src/oauth/registration.js'
import { keepUsableRedirects, maxRegistrationBytes, violations } from '../../src/oauth/registration-rules.js'
import { clientShapes } from '../clients/client-shapes.js'

const stranger = { isMetadataDocument: false, isFromStranger: true }
const stored = { isMetadataDocument: false, isFromStranger: false, isStored: true }
const rules = { allowedPrivateUseRedirects: new Set(['cursor://anysphere.cursor-mcp/oauth/callback']) }
const web = { redirect_uris: ['https://client.example/cb'] }

function normalised(metadata: Record<string, unknown>, origin = stranger): Record<string, unknown> {
  const copy = structuredClone(metadata)
  normaliseMetadata(copy, origin)
  return copy
}

describe('The size of a registration', () => {
  const sized = (bytes: number) => {
    const rest = Buffer.byteLength(JSON.stringify({ redirect_uris: ['https://client.example/', ''] }))
    return { redirect_uris: ['https://client.example/', 'é'.repeat(20) + 'x'.repeat(bytes - rest - 40)] }
  }
  const isTooLarge = (metadata: Record<string, unknown>, origin = stranger) =>
    violations(metadata, rules, origin).some(({ name }) => name === 'registration-size')

  it('is bounded in bytes, for those who register themselves alone', () => {
    expect(Buffer.byteLength(JSON.stringify(sized(maxRegistrationBytes)))).toBe(maxRegistrationBytes)
    expect(isTooLarge(sized(maxRegistrationBytes))).toBe(false)
    expect(isTooLarge(sized(maxRegistrationBytes + 1))).toBe(true)
    for (const origin of [stored, { ...stranger, isMetadataDocument: true }, { ...stored, isStored: false }])
      expect(isTooLarge(sized(maxRegistrationBytes + 1), origin)).toBe(false)
  })

  it('leaves known clients eight times what they send', () => {
    const bodies = clientShapes.flatMap(({ registration }) =>
      registration.kind === 'dynamic' ? [registration.body] : [],
    )
    const sizes = bodies.map((body) => Buffer.byteLength(JSON.stringify(body)))
    expect(Math.max(...sizes)).toBeGreaterThan(0)
    expect(Math.max(...sizes) * 8).toBeLessThan(maxRegistrationBytes)
  })
})

describe('What the normaliser makes of metadata', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['null and empty members go', { ...web, client_uri: null, logo_uri: '', contacts: [] }, web],
    ['a registered scope goes', { ...web, scope: 'notes:read' }, web],
    [
      'grants and responses we do not offer go',
      { ...web, grant_types: ['authorization_code', 'implicit'], response_types: ['code', 'token'] },
      { ...web, grant_types: ['authorization_code'], response_types: ['code'] },
    ],
    [
      'a list with none we offer stays, to be refused',
      { ...web, grant_types: ['password'] },
      { ...web, grant_types: ['password'] },
    ],
    [
      'a list that holds other things than text stays, to be refused',
      { ...web, grant_types: ['authorization_code', 7] },
      { ...web, grant_types: ['authorization_code', 7] },
    ],
    [
      'contacts that are no email address go (RFC 7591 §2 allows others)',
      { ...web, contacts: ['https://client.example/contact', 'ada@client.example'] },
      { ...web, contacts: ['ada@client.example'] },
    ],
    ['contacts none of which is an email address go altogether', { ...web, contacts: ['+1 555 0100'] }, web],
    [
      'displayed members that cannot be shown go',
      { ...web, client_uri: 'vscode://x', logo_uri: 'data:,', tos_uri: 'undefined', contacts: 'ada@client.example' },
      web,
    ],
    ['a number of a version becomes text', { ...web, software_version: 2 }, { ...web, software_version: '2' }],
    ['a long name is cut', { ...web, client_name: 'é'.repeat(300) }, { ...web, client_name: 'é'.repeat(200) }],
    ['a name that deceives stays, to be refused', { client_name: 'x\u200f' }, { client_name: 'x\u200f' }],
    ['members in other languages go', { ...web, 'client_name#de': 'Leser', 'tos_uri#de': 'x' }, web],
    [
      'loopback redirects mean native',
      { redirect_uris: ['http://127.0.0.1/cb'], application_type: 'web' },
      { redirect_uris: ['http://127.0.0.1/cb'], application_type: 'native' },
    ],
    [
      'private-use redirects mean native',
      { redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'] },
      { redirect_uris: ['cursor://anysphere.cursor-mcp/oauth/callback'], application_type: 'native' },
    ],
    ['members that need nothing stay', { ...web, client_name: 'Claude' }, { ...web, client_name: 'Claude' }],
  ])('%s', (_what, given, expected) => {
    const once = normalised(given)
    expect(once).toEqual(expected)
    // It runs at every load again.
    expect(normalised(once)).toEqual(once)
  })
})

describe('What is displayed, of a client that the operator made', () => {
  it('stays as it is, to be refused in words that the operator can act on', () => {
    const given = { ...web, logo_uri: 'data:,', client_name: 'x'.repeat(201), software_id: {} }
    const operator = { isMetadataDocument: false, isFromStranger: false }
    expect(normalised(given, operator)).toEqual(given)
    const found = violations(given, rules, operator)
    expect(found.map(({ name }) => name)).toEqual(['client-name', 'member-form', 'link'])
  })
})

describe('Which redirects of a registration are kept', () => {
  const good = 'https://client.example/cb'
  const cursor = 'cursor://anysphere.cursor-mcp/oauth/callback'
  it.each<[string, readonly unknown[], readonly unknown[], Record<string, unknown>?]>([
    ['good ones', [good, cursor], [good, cursor]],
    ['one beside a private-use scheme', [good, 'vscode://x'], [good]],
    ['one beside schemes that run', ['javascript:alert(1)', 'data:,', good], [good]],
    ['a list that holds other things than text: all stay, to be refused', [good, null], [good, null]],
    ['one beside a long one', [good, `${good}?${'x'.repeat(2_000)}`], [good]],
    ['none that may be: all stay, to be refused', ['vscode://x', null], ['vscode://x', null]],
    [
      'loopback ones, without https on loopback',
      ['https://localhost/cb', 'http://localhost/cb'],
      ['http://localhost/cb'],
    ],
    ['https on loopback of a web client', ['https://localhost/cb', 'vscode://x'], ['https://localhost/cb']],
  ])('%s', (_what, given, kept) => {
    for (const name of ['redirect_uris', 'post_logout_redirect_uris']) {
      const metadata: Record<string, unknown> = { [name]: given }
      keepUsableRedirects(metadata, rules)
      if (name === 'redirect_uris' || !given.includes('http://localhost/cb')) expect(metadata).toEqual({ [name]: kept })
    }
  })
})

describe('What the rules say', () => {
  it.each<[string, Record<string, unknown>, string[]]>([
    ['nothing', {}, []],
    [
      'Cursor’s redirects',
      { redirect_uris: [...rules.allowedPrivateUseRedirects, 'http://localhost:8787/callback'] },
      [],
    ],
    ['letters of any language', { client_name: 'Ünïcode клиент 客户端 عميل 🦀' }, []],
    ['links over http, as on a developer’s machine', { client_uri: 'http://localhost:6274' }, []],
    ['plain http', { redirect_uris: ['http://client.example/cb'] }, ['redirect-uri-forbidden']],
    ['an unknown scheme', { redirect_uris: ['myapp://cb'] }, ['redirect-uri-private-use']],
    ['a sign-out to an unknown scheme', { post_logout_redirect_uris: ['myapp://cb'] }, ['post-logout-redirect-uris']],
    [
      'too many redirects',
      { redirect_uris: Array.from({ length: 21 }, (_, n) => `https://a.example/${n}`) },
      ['redirect-uri-count'],
    ],
    ['too much', { jwks: { keys: ['x'.repeat(20_000)] } }, ['size']],
    ['a name with a bidi mark', { client_name: 'x\u200f' }, ['client-name', 'deceptive-text']],
    [
      'a name with an invisible code point that is not assigned',
      { client_name: 'x\u{e0002}' },
      ['client-name', 'deceptive-text'],
    ],
    ['a link with a bidi mark', { tos_uri: 'https://a.example/\u2066' }, ['deceptive-text']],
    ['a nameless link', { tos_uri: 'https:///x' }, ['link']],
    ['a key set over http', { jwks_uri: 'http://a.example' }, ['fetched-url']],
    ['an object where text belongs', { software_id: {} }, ['member-form']],
    ['what only the operator allows', { grant_types: ['client_credentials'] }, ['client-credentials-of-stranger']],
    [
      'several at once',
      {
        client_name: 7,
        redirect_uris: ['ftp://x/'],
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'none',
      },
      [
        'redirect-uri-forbidden',
        'client-name',
        'client-credentials-of-stranger',
        'client-credentials-of-public-client',
      ],
    ],
  ])('about %s', (_what, metadata, names) => {
    const found = violations(metadata, rules, stranger)
    expect(found.map(({ name }) => name)).toEqual(names)
    for (const { message, source, error } of found) {
      expect(source).toMatch(/^(RFC \d+ §|OpenID Connect|MCP )/)
      expect(message).not.toMatch(/example/)
      expect(error).toMatch(/^invalid_(redirect_uri|client_metadata)$/)
    }
  })

  it.each([
    ['http://localhost:8080/keys', []],
    ['http://127.0.0.1/keys', []],
    ['http://[::1]:9?keys', []],
    ['http://localhost.example/keys', ['fetched-url']],
    ['http://localhost@evil.example/keys', ['fetched-url']],
    ['http://worker/keys', ['fetched-url']],
    ['ftp://localhost/keys', ['fetched-url']],
  ])('of keys that an operator says are at %s', (uri, names) => {
    const operator = { isMetadataDocument: false, isFromStranger: false }
    expect(violations({ jwks_uri: uri }, rules, operator).map(({ name }) => name)).toEqual(names)
    expect(violations({ jwks_uri: uri }, rules, stranger).map(({ name }) => name)).toEqual(['fetched-url'])
  })

  it('asks of stored metadata only what the operator may have changed since, and where codes go', () => {
    const metadata = { client_name: 'x\u200f', redirect_uris: ['myapp://cb', 'http://client.example/cb'] }
    expect(violations(metadata, rules, stored).map(({ name }) => name)).toEqual([
      'redirect-uri-forbidden',
      'redirect-uri-private-use',
    ])
  })
})
