import { describe, expect, it } from '@jest/globals'
import { toTrustedIssuer } from '../../src/oauth/trusted-issuer.js'
import { mistakesOf, read } from '../declarations/reading.js'

const issuer = 'https://idp.example.com'
const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] }
const parse = (...entries: unknown[]) =>
  read(JSON.stringify({ assertion_issuers: entries })).issuers.map(({ value }) => toTrustedIssuer(value))

describe('trusted issuers of identity assertions', () => {
  it('are read with careful defaults', () => {
    expect(parse({ issuer, jwks_uri: `${issuer}/jwks` })).toEqual([
      {
        issuer,
        jwksUri: `${issuer}/jwks`,
        clients: [],
        accounts: 'linked',
        emailDomains: [],
        algorithms: ['ES256', 'EdDSA', 'Ed25519', 'PS256', 'RS256'],
        maxLifetimeSeconds: 600,
      },
    ])
  })

  it('are read in full', () => {
    const entry = {
      issuer,
      jwks,
      clients: ['machine'],
      accounts: 'create',
      email_domains: ['Example.COM'],
      algorithms: ['ES256'],
      max_lifetime_seconds: 60,
    }
    expect(parse(entry)).toEqual([
      {
        issuer,
        jwks,
        clients: ['machine'],
        accounts: 'create',
        emailDomains: ['example.com'],
        algorithms: ['ES256'],
        maxLifetimeSeconds: 60,
      },
    ])
    expect(parse({ issuer: 'http://localhost:8080', jwks_uri: 'http://127.0.0.1:8080/jwks' })).toHaveLength(1)
  })

  it.each([30, 3_600])('may allow assertions %i seconds', (seconds) => {
    const [trusted] = parse({ issuer, jwks, max_lifetime_seconds: seconds })
    expect(trusted?.maxLifetimeSeconds).toBe(seconds)
  })

  it.each<[RegExp, string]>([
    [/must be an object/, 'https://idp.example.com'],
    [/assertion_issuers must be a list/, '{"assertion_issuers":{}}'],
    [/assertion_issuers\[0\] must be an object/, '{"assertion_issuers":["https://idp.example.com"]}'],
  ])('are refused with %s', (message, text) => {
    expect(() => read(text)).toThrow(message)
  })

  it.each<[RegExp, Record<string, unknown>]>([
    [/issuer must be an https URL/, { issuer: 'http://idp.example.com' }],
    [/issuer is missing/, { issuer: undefined }],
    [/issuer must be an https URL/, { issuer: 'https://user@idp.example.com' }],
    [/either jwks_uri or jwks/, { jwks_uri: undefined }],
    [/either jwks_uri or jwks/, { jwks }],
    [/jwks_uri must be an https URL/, { jwks_uri: 'http://idp.example.com/jwks' }],
    [/jwks must hold public keys/, { jwks_uri: undefined, jwks: { keys: [{ ...jwks.keys[0], d: 'secret' }] } }],
    [/jwks must hold public keys/, { jwks_uri: undefined, jwks: { keys: [{ kty: 'oct', k: 'secret' }] } }],
    [/jwks must hold public keys/, { jwks_uri: undefined, jwks: { keys: [] } }],
    [/clients must be a list of client_ids/, { clients: 'machine' }],
    [/accounts must be one of linked, email, create/, { accounts: 'any' }],
    [/email_domains must be a list/, { email_domains: 'example.com' }],
    [/whose addresses it may speak for/, { accounts: 'email' }],
    [/whose addresses it may speak for/, { accounts: 'create', email_domains: [] }],
    [/algorithms\[0\] must be one of/, { algorithms: ['HS256'] }],
    [/algorithms\[0\] must be one of/, { algorithms: ['none'] }],
    [/algorithms must be a list of/, { algorithms: [] }],
    [/max_lifetime_seconds must be/, { max_lifetime_seconds: 86_400 }],
    [/max_lifetime_seconds must be/, { max_lifetime_seconds: 3_601 }],
    [/max_lifetime_seconds must be/, { max_lifetime_seconds: 29 }],
    [/max_lifetime_seconds must be/, { max_lifetime_seconds: 30.5 }],
    [/jwksUri is not a member: did you mean jwks_uri\?/, { jwksUri: 'x' }],
  ])('are refused with %s', (message, change) => {
    expect(() => parse({ issuer, jwks_uri: `${issuer}/jwks`, ...change })).toThrow(message)
  })

  it('are refused with every mistake at once, by place', () => {
    const good = { issuer, jwks_uri: `${issuer}/jwks` }
    const said = mistakesOf(
      JSON.stringify({ assertion_issuers: [good, { issuer: 'x', jwks: 7 }, { ...good, accounts: 'any' }] }),
    )
    for (const part of [/:\d+: issuer must/, /:\d+: jwks must/, /:\d+: accounts must/, /named twice/])
      expect(said.filter((line) => part.test(line))).not.toEqual([])
  })
})
