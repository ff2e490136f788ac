import { describe, expect, it } from '@jest/globals'
import { parseKeySet, parseMetadataDocument } from '../../src/authorization-server/clients/metadata-document.js'
import { UntrustedFetchError } from '../../src/outbound/untrusted-fetch-error.js'

const url = 'https://client.example/client.json'
const good = { client_id: url, client_name: 'Client', redirect_uris: ['https://client.example/callback'] }
const ec = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'one', alg: 'ES256', use: 'sig' }

describe('What a metadata document may say (CIMD draft §4)', () => {
  it.each<[string, Readonly<Record<string, unknown>>]>([
    ['the least there must be', {}],
    ['empty members', { logo_uri: null, tos_uri: '', jwks: null, policy_uri: undefined }],
    ['members nobody knows', { colour: 'blue', nested: { a: [1] } }],
    ['public keys', { jwks: { keys: [ec] }, token_endpoint_auth_method: 'private_key_jwt' }],
    // The normaliser drops them: the client works without.
    ['links that cannot be shown', { client_uri: 'http://client.example/', logo_uri: 'data:,', tos_uri: 'x' }],
    ['a key set elsewhere', { jwks_uri: 'https://keys.example/jwks.json' }],
  ])('accepts %s', (_what, changes) => {
    const text = JSON.stringify({ ...good, ...changes })
    expect(parseMetadataDocument(url, text)).toEqual(JSON.parse(text))
  })

  it('leaves out what only the operator says of a client', () => {
    const claims = { introspects: 'x', made_by_operator: true, demands_auth_method: 'none', client_secret_sha256: 'x' }
    expect(parseMetadataDocument(url, JSON.stringify({ ...good, ...claims }))).toEqual(good)
  })

  it.each<[string, Readonly<Record<string, unknown>>, RegExp]>([
    ['another client', { client_id: `${url}/` }, /URL itself/],
    ['no client', { client_id: undefined }, /URL itself/],
    ['no name', { client_name: undefined }, /client_name/],
    ['a blank name', { client_name: ' ' }, /client_name/],
    ['a name that is none', { client_name: 1 }, /client_name/],
    ['no redirects', { redirect_uris: undefined }, /redirect_uris/],
    ['one redirect for a list', { redirect_uris: 'https://client.example/callback' }, /redirect_uris/],
    ['a secret', { client_secret: 'x' }, /secret/],
    ['an empty secret', { client_secret: '' }, /secret/],
    ['the end of a secret', { client_secret_expires_at: 0 }, /secret/],
    ['client_secret_basic', { token_endpoint_auth_method: 'client_secret_basic' }, /secret/],
    ['client_secret_post', { token_endpoint_auth_method: 'client_secret_post' }, /secret/],
    ['client_secret_jwt', { token_endpoint_auth_method: 'client_secret_jwt' }, /secret/],
    ['a private key', { jwks: { keys: [{ ...ec, d: 'x' }] } }, /public keys/],
    ['a symmetric key', { jwks: { keys: [{ kty: 'oct', k: 'x' }] } }, /public keys/],
    ['keys that are none', { jwks: { keys: ['x'] } }, /public keys/],
    ['a key set that is none', { jwks: 'x' }, /public keys/],
    ['keys twice', { jwks: { keys: [ec] }, jwks_uri: 'https://keys.example/' }, /both/],
    ['keys over plain http', { jwks_uri: 'http://keys.example/' }, /https/],
    ['keys in a file', { jwks_uri: 'file:///etc/passwd' }, /https/],
    ['keys inline', { jwks_uri: 'data:application/json,{}' }, /https/],
    ['a very long address', { jwks_uri: `https://keys.example/${'x'.repeat(2_000)}` }, /https/],
  ])('refuses %s', (_what, changes, reason) => {
    const parse = () => parseMetadataDocument(url, JSON.stringify({ ...good, ...changes }))
    expect(parse).toThrow(UntrustedFetchError)
    expect(parse).toThrow(reason)
  })

  it.each(['', 'null', '[]', '"x"', '{', '<html>', '1e999'])('refuses %j', (text) => {
    expect(() => parseMetadataDocument(url, text)).toThrow(UntrustedFetchError)
  })

  it('does not quote what it could not read', () => {
    expect(() => parseMetadataDocument(url, 'root:x:0:0')).toThrow(/not JSON$/)
  })
})

describe('What a key set may say (RFC 7517 §5)', () => {
  const rsa = { kty: 'RSA', n: Buffer.alloc(256, 0xff).toString('base64url'), e: 'AQAB' }

  it('gives the public keys we can use', () => {
    const keys = [ec, rsa, { kty: 'OKP', crv: 'Ed25519', x: 'x' }, { ...rsa, x5c: ['MII'], kid: 'two' }]
    expect(parseKeySet(JSON.stringify({ keys }))).toEqual([...keys.slice(0, 3), { ...rsa, kid: 'two' }])
  })

  it.each([
    ['a modulus of 1024 bits', { n: Buffer.alloc(128, 0xff).toString('base64url') }],
    ['a modulus of 4104 bits', { n: Buffer.alloc(513, 0xff).toString('base64url') }],
    ['an exponent of 3070 bits', { e: Buffer.alloc(384, 0x3f).toString('base64url') }],
  ])('leaves out an RSA key with %s, which is not safe or costs the server too much', (_what, members) => {
    expect(parseKeySet(JSON.stringify({ keys: [{ ...rsa, ...members }, rsa] }))).toEqual([rsa])
  })

  it('leaves out what is no key of ours', () => {
    const keys = [{ kty: 'XYZ' }, {}, { kty: 'EC', crv: 'P-256' }, { ...rsa, kid: '' }, { ...rsa, alg: 5 }, rsa]
    expect(parseKeySet(JSON.stringify({ keys }))).toEqual([rsa])
    expect(parseKeySet('{"keys":[]}')).toEqual([])
  })

  it.each([
    '{}',
    '[]',
    '{"keys":{}}',
    'x',
    JSON.stringify({ keys: [rsa, { ...rsa, d: 'x' }] }),
    JSON.stringify({ keys: [{ kty: 'oct', k: 'x' }] }),
    JSON.stringify({ keys: [null] }),
    JSON.stringify({ keys: Array.from({ length: 51 }, () => rsa) }),
    JSON.stringify({ keys: Array.from({ length: 11 }, () => rsa) }),
  ])('refuses %.60s', (text) => expect(() => parseKeySet(text)).toThrow(UntrustedFetchError))
})
