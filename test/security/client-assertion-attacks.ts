/** Group D, class 67: assertions by which a client would sign for itself. */
import { createPublicKey } from 'node:crypto'
import { createServer } from 'node:net'
import { expect } from '@jest/globals'
import { base64url, generateKeyPair, SignJWT } from 'jose'
import { unsignedJwt } from '../support/dpop-key.js'
import { listenOn } from '../support/opened.js'
import { assertionFields, fieldsOf, refused } from './client-authentication.js'
import { post } from './server-world.js'
import { expectRefusal, type Row, type TokenWorld } from './token-world.js'

const now = () => Math.floor(Date.now() / 1_000)
const usual = ({ signer, server }: TokenWorld) => ({
  iss: signer,
  sub: signer,
  aud: server.issuer,
  iat: now(),
  exp: now() + 60,
  jti: crypto.randomUUID(),
})

/** Signed with the client's key under another header. */
const withHeader = async (world: TokenWorld, header: Readonly<Record<string, unknown>>) =>
  new SignJWT(usual(world))
    .setProtectedHeader(Object.assign({ alg: 'ES256', kid: world.key.kid }, header))
    .sign(world.key.privateKey)

const claimed: readonly (readonly [string, (world: TokenWorld) => Readonly<Record<string, unknown>>])[] = [
  ['for another server', () => ({ aud: 'https://evil.example' })],
  ['for the issuer and a slash', ({ server }) => ({ aud: `${server.issuer}/` })],
  ['for the issuer in capitals', ({ server }) => ({ aud: server.issuer.toUpperCase() })],
  ['for nobody', () => ({ aud: [] })],
  ['for an object', ({ server }) => ({ aud: { 0: server.issuer } })],
  ['for us and somebody else', ({ server }) => ({ aud: [server.issuer, 'https://evil.example'] })],
  ['by another issuer than its subject', ({ machine }) => ({ iss: machine.clientId })],
  ['about another client', ({ machine }) => ({ sub: machine.clientId })],
  ['about a list', ({ signer }) => ({ sub: [signer], iss: [signer] })],
  ['that is over', () => ({ iat: now() - 200, exp: now() - 100 })],
  ['that ends at a text', () => ({ exp: String(now() + 60) })],
  ['that never ends', () => ({ exp: 1e308 })],
  ['without an end', () => ({ exp: undefined })],
  ['that begins tomorrow', () => ({ nbf: now() + 86_400 })],
  ['of tomorrow', () => ({ iat: now() + 86_400, exp: now() + 86_460 })],
  ['of a text', () => ({ iat: 'now' })],
  ['without a jti', () => ({ jti: undefined })],
  ['with a jti that is a number', () => ({ jti: 7 })],
  ['with a jti of 600 letters', () => ({ jti: 'x'.repeat(600) })],
]

export const attacks: readonly Row[] = [
  {
    id: 'D67',
    name: 'an honest assertion is taken, so that the rows below refuse what they say they refuse',
    source: 'RFC 7523 §3',
    run: async (world) => {
      expect(
        (await post(world, '/token', { grant_type: 'client_credentials', ...(await assertionFields(world)) })).status,
      ).toBe(200)
      const plain = fieldsOf(await withHeader(world, {}))
      expect((await post(world, '/token', { grant_type: 'client_credentials', ...plain })).status).toBe(200)
    },
  },
  ...claimed.map(([what, claims]) =>
    refused('D67', `an assertion ${what}`, 'RFC 7523 §3', async (world) => ({
      fields: await assertionFields(world, claims(world)),
    })),
  ),
  ...['none', 'None', 'NONE', 'nOnE', ''].map((alg) =>
    refused(
      'D67',
      `an assertion with the algorithm ${JSON.stringify(alg)}`,
      'RFC 8725 §2.1',
      (world) => ({
        fields: fieldsOf(unsignedJwt({ alg, kid: world.key.kid }, usual(world))),
      }),
      /^invalid_(client|request)$/,
    ),
  ),
  ...(
    [
      ['its text', (pem: string) => pem],
      ['a blank and its text', (pem: string) => ` ${pem}`],
      ['its text without line ends', (pem: string) => pem.replaceAll('\n', '')],
    ] as const
  ).map(([what, secretOf]) =>
    refused(
      'D67',
      `an assertion with HS256 and the public key for a secret (${what})`,
      'CVE-2026-34950, CVE-2026-22817',
      async (world) => {
        const key = createPublicKey({ key: { ...world.key.publicJwk }, format: 'jwk' })
        const pem = String(key.export({ type: 'spki', format: 'pem' }))
        const signed = new SignJWT(usual(world)).setProtectedHeader({ alg: 'HS256', kid: world.key.kid })
        return { fields: fieldsOf(await signed.sign(new TextEncoder().encode(secretOf(pem)))) }
      },
    ),
  ),
  refused(
    'D67',
    'an assertion without its signature',
    'RFC 8725 §3.1',
    async (world) => {
      const whole = await withHeader(world, {})
      return { fields: fieldsOf(whole.slice(0, whole.lastIndexOf('.') + 1)) }
    },
    /^invalid_(client|request)$/,
  ),
  refused('D67', 'an assertion with the signature of another', 'RFC 8725 §3.1', async (world) => {
    const [one, other] = [await withHeader(world, {}), await withHeader(world, {})]
    return { fields: fieldsOf(`${one.slice(0, one.lastIndexOf('.'))}${other.slice(other.lastIndexOf('.'))}`) }
  }),
  refused('D67', 'an assertion with a signature of zeros', 'CVE-2022-21449', async (world) => {
    const whole = await withHeader(world, {})
    return { fields: fieldsOf(`${whole.slice(0, whole.lastIndexOf('.'))}.${base64url.encode(new Uint8Array(64))}`) }
  }),
  refused('D67', 'an assertion that brings its own key', 'RFC 8725 §3.10, RFC 7515 §4.1.3', async (world) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const { exportJWK } = await import('jose')
    const header = { alg: 'ES256', kid: world.key.kid, jwk: await exportJWK(publicKey) }
    return { fields: fieldsOf(await new SignJWT(usual(world)).setProtectedHeader(header).sign(privateKey)) }
  }),
  refused('D67', 'an assertion with a header that must be understood', 'RFC 7515 §4.1.11', async (world) => {
    const [, payload = '', signature = ''] = (await withHeader(world, {})).split('.')
    const header = base64url.encode(JSON.stringify({ alg: 'ES256', kid: world.key.kid, crit: ['x'], x: 1 }))
    return { fields: fieldsOf(`${header}.${payload}.${signature}`) }
  }),
  refused('D67', 'an assertion with the kid of a path', 'RFC 8725 §3.10', async (world) => ({
    fields: fieldsOf(
      await new SignJWT(usual(world))
        .setProtectedHeader({ alg: 'ES256', kid: '../../dev/null' })
        .sign((await generateKeyPair('ES256')).privateKey),
    ),
  })),
  ...['a', 'a.b', 'a.b.c', 'a.b.c.d.e', '..', `${'a'.repeat(40_000)}.b.c`].map((text) =>
    refused(
      'D67',
      `an assertion of ${text.length > 20 ? '40 kB' : text}`,
      'RFC 7519 §7.2',
      () => ({ fields: fieldsOf(text) }),
      /^invalid_(client|request)$/,
    ),
  ),
  ...(
    [
      ['another type', { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }],
      ['no type', { client_assertion_type: undefined }],
      ['another client_id', { client_id: 'nobody' }],
    ] as const
  ).map(([what, changes]) =>
    refused(
      'D67',
      `an assertion with ${what}`,
      'RFC 7521 §4.2',
      async (world) => ({
        fields: { ...(await assertionFields(world)), ...changes },
      }),
      /^invalid_(client|request)$/,
    ),
  ),
  refused(
    'D67',
    'two assertions',
    'RFC 6749 §3.2',
    async (world) => {
      const { client_assertion: one } = await assertionFields(world)
      const { client_assertion: other } = await assertionFields(world)
      return { fields: { ...(await assertionFields(world)), client_assertion: [String(one), String(other)] } }
    },
    /^invalid_request$/,
  ),
  {
    id: 'D67',
    name: 'an assertion is good once, at whichever process',
    source: 'CVE-2020-5300',
    run: async (world) => {
      const fields = await assertionFields(world)
      expect((await post(world, '/token', { grant_type: 'client_credentials', ...fields })).status).toBe(200)
      expectRefusal(await post(world, '/token', { grant_type: 'client_credentials', ...fields }), /^invalid_client$/)
      const body = new URLSearchParams({ grant_type: 'client_credentials', ...(fields as Record<string, string>) })
      expect((await fetch(world.replica, { method: 'POST', body })).status).toBe(401)
    },
  },
  {
    id: 'D67',
    name: 'an assertion that was used up elsewhere cannot be used here: introspection counts too',
    source: 'CVE-2020-5300',
    run: async (world) => {
      const fields = await assertionFields(world)
      const revoked = await post(world, '/revoke', { token: 'x', ...fields })
      expect(revoked.status).toBe(200)
      expectRefusal(await post(world, '/token', { grant_type: 'client_credentials', ...fields }), /^invalid_client$/)
    },
  },
  {
    id: 'D67',
    name: 'addresses in the header of an assertion are not dialled',
    source: 'RFC 8725 §3.10 (jku, x5u)',
    run: async (world) => {
      let connections = 0
      const listener = createServer((socket) => {
        connections += 1
        socket.destroy()
      })
      const url = `http://127.0.0.1:${await listenOn(listener)}/keys`
      const { privateKey } = await generateKeyPair('ES256')
      for (const header of [{ jku: url }, { x5u: url }, { kid: url, jku: url }]) {
        const signed = new SignJWT(usual(world)).setProtectedHeader({ alg: 'ES256', ...header })
        const fields = fieldsOf(await signed.sign(privateKey))
        expectRefusal(await post(world, '/token', { grant_type: 'client_credentials', ...fields }), /^invalid_client$/)
      }
      expect(connections).toBe(0)
    },
  },
  {
    id: 'D67',
    name: 'a jti with U+0000 is remembered as any other',
    source: 'Logto c98403862a (PostgreSQL 22P05), CVE-2020-5300',
    run: async (world) => {
      const fields = await assertionFields(world, { jti: `a\0b${crypto.randomUUID()}` })
      const first = await post(world, '/token', { grant_type: 'client_credentials', ...fields })
      expect([200, 401]).toContain(first.status)
      expectRefusal(await post(world, '/token', { grant_type: 'client_credentials', ...fields }), /^invalid_client$/)
    },
  },
  {
    id: 'D67',
    name: 'a used assertion beside a forged proof with its jti is still a replay, at every endpoint',
    source: 'RFC 7523 §3, RFC 9449 §11.1 (the namespace of a replay followed from an unverified header)',
    run: async (world) => {
      const jti = crypto.randomUUID()
      const fields = await assertionFields(world, { jti })
      expect((await post(world, '/token', { grant_type: 'client_credentials', ...fields })).status).toBe(200)
      const dpop = unsignedJwt({ alg: 'none', typ: 'dpop+jwt' }, { jti })
      for (const [path, extra] of [
        ['/token', { grant_type: 'client_credentials' }],
        ['/introspect', { token: 'x' }],
        ['/revoke', { token: 'x' }],
        ['/device/authorize', {}],
        ['/par', { client_id: world.signer }],
      ] as const) {
        expectRefusal(await post(world, path, { ...extra, ...fields }, { dpop }), /^invalid_client$/)
      }
    },
  },
]
