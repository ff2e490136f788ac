import { describe, expect, it } from '@jest/globals'
import { parseTrustedIssuers } from '../../src/oauth/trusted-issuer.js'

const issuer = 'https://idp.example.com'
const jwks = { keys: [{ kty: 'EC', crv: 'P-256', x: 'x', y: 'y' }] }
const parse = (...entries: unknown[]) => parseTrustedIssuers(JSON.stringify(entries))

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

  it.each<[RegExp, string]>([
    [/must be JSON/, 'https://idp.example.com'],
    [/must be a JSON list/, '{}'],
    [/entry 1: must be an object/, '["https://idp.example.com"]'],
  ])('are refused with %s', (message, text) => {
    expect(() => parseTrustedIssuers(text)).toThrow(message)
  })

  it.each<[RegExp, Record<string, unknown>]>([
    [/issuer must be an https URL/, { issuer: 'http://idp.example.com' }],
    [/issuer must be an https URL/, { issuer: undefined }],
    [/issuer must be an https URL/, { issuer: 'https://user@idp.example.com' }],
    [/either jwks_uri or jwks/, { jwks_uri: undefined }],
    [/either jwks_uri or jwks/, { jwks }],
    [/jwks_uri must be an https URL/, { jwks_uri: 'http://idp.example.com/jwks' }],
    [/jwks must hold public keys/, { jwks_uri: undefined, jwks: { keys: [{ ...jwks.keys[0], d: 'secret' }] } }],
    [/jwks must hold public keys/, { jwks_uri: undefined, jwks: { keys: [{ kty: 'oct', k: 'secret' }] } }],
    [/jwks must hold public keys/, { jwks_uri: undefined, jwks: { keys: [] } }],
    [/clients must be a list/, { clients: 'machine' }],
    [/accounts must be one of linked, email, create/, { accounts: 'any' }],
    [/email_domains must be a list/, { email_domains: 'example.com' }],
    [/whose addresses it may speak for/, { accounts: 'email' }],
    [/whose addresses it may speak for/, { accounts: 'create', email_domains: [] }],
    [/algorithms must be a list of/, { algorithms: ['HS256'] }],
    [/algorithms must be a list of/, { algorithms: ['none'] }],
    [/algorithms must be a list of/, { algorithms: [] }],
    [/max_lifetime_seconds must be/, { max_lifetime_seconds: 86_400 }],
    [/jwksUri is not a member: did you mean jwks_uri\?/, { jwksUri: 'x' }],
  ])('are refused with %s', (message, change) => {
    expect(() => parse({ issuer, jwks_uri: `${issuer}/jwks`, ...change })).toThrow(message)
  })

  it('are refused with every mistake at once, by place', () => {
    const good = { issuer, jwks_uri: `${issuer}/jwks` }
    expect(() => parse(good, { issuer: 'x', jwks: 7 }, { ...good, accounts: 'any' })).toThrow(
      /entry 2: issuer .*entry 2: jwks must .*entry 3: accounts .*named twice/,
    )
  })
})
