/** Group E, class 82: ending tokens of others, and tokens that are none. */
import { expect } from '@jest/globals'
import { base64url, decodeJwt, generateKeyPair, SignJWT } from 'jose'
import { unsignedJwt } from '../support/dpop-key.js'
import { refresh, register, revoke } from '../support/oauth-client.js'
import { inactive, introspect, type KnowledgeWorld, type Row } from './knowledge-world.js'
import { type Changes, newTokens, post } from './server-world.js'

export const attacks: readonly Row[] = [
  ...(['access_token', 'refresh_token'] as const).flatMap((kind) =>
    (
      [
        [
          'another public client',
          async ({ opaque }) => ({ fields: { client_id: (await register(opaque.grant.server)).client_id } }),
        ],
        ['a machine', async ({ machine }) => ({ headers: { authorization: machine.authorization } })],
        [
          'its resource server',
          async ({ resourceServer }) => ({ headers: { authorization: resourceServer.authorization } }),
        ],
        ['nobody', async () => ({})],
        ['its client and another one', async ({ opaque }) => ({ fields: { client_id: [opaque.grant.clientId, 'x'] } })],
      ] satisfies readonly (readonly [string, (world: KnowledgeWorld) => Promise<By>])[]
    ).map(
      ([who, by]): Row => ({
        id: 'E82',
        name: `${who} cannot end the ${kind.replace('_', ' ')} of a client`,
        source: 'RFC 7009 §2.1, workers-oauth-provider 0.8.x',
        run: async (world) => {
          const tokens = await newTokens(world.opaque, { browser: world.browser })
          const { fields = {}, headers = {} }: By = await by(world)
          const answer = await post(
            world.opaque,
            '/revoke',
            { token: tokens[kind], token_type_hint: kind, ...fields },
            headers,
          )
          expect([200, 400, 401]).toContain(answer.status)
          expect((await introspect(world, tokens.access_token, world.resourceServer)).body).toMatchObject({
            active: true,
          })
          expect((await refresh(world.opaque.grant, tokens.refresh_token)).status).toBe(200)
        },
      }),
    ),
  ),
  ...(['refresh_token', 'x', 'constructor'] as const).map(
    (hint): Row => ({
      id: 'E82',
      name: `a wrong hint (${hint}) does not save a token`,
      source: 'RFC 7009 §2.1',
      run: async (world) => {
        const { access_token: token } = await newTokens(world.opaque, { browser: world.browser })
        const fields = { token, token_type_hint: hint, client_id: world.opaque.grant.clientId }
        expect((await post(world.opaque, '/revoke', fields)).status).toBe(200)
        expect((await introspect(world, token, world.resourceServer)).body).toEqual(inactive)
      },
    }),
  ),
  ...(
    [
      ['without signature', (claims: object) => unsignedJwt({ alg: 'none', typ: 'at+jwt' }, claims)],
      [
        'with another key',
        async (claims: object) =>
          new SignJWT({ ...claims })
            .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt' })
            .sign((await generateKeyPair('ES256')).privateKey),
      ],
      [
        'with HS256',
        (claims: object) =>
          new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' }).sign(new Uint8Array(32)),
      ],
    ] as const
  ).map(
    ([how, forge]): Row => ({
      id: 'E82',
      name: `a forged JWT (${how}) ends nothing, and is answered like any other`,
      source: 'RFC 7009 §2.2, RFC 8725 §2.1',
      run: async ({ jwt, jwtBrowser }) => {
        const { access_token: token } = await newTokens(jwt, { browser: jwtBrowser })
        const count = () => jwt.server.storage.prisma.revocation.count()
        const before = await count()
        expect(await revoke(jwt.grant, await forge(decodeJwt(token)))).toBe(200)
        expect(await count()).toBe(before)
      },
    }),
  ),
  {
    id: 'E82',
    name: 'a JWT of another client, bent or whole, is not ended',
    source: 'RFC 7009 §2.1',
    run: async ({ jwt, jwtBrowser }) => {
      const { access_token: token } = await newTokens(jwt, { browser: jwtBrowser })
      const { client_id: clientId } = await register(jwt.grant.server)
      const before = await jwt.server.storage.prisma.revocation.count()
      const [header, , signature] = token.split('.')
      const bent = `${header}.${base64url.encode(JSON.stringify({ ...decodeJwt(token), client_id: clientId }))}.${signature}`
      for (const one of [token, bent]) expect(await revoke({ ...jwt.grant, clientId }, one)).toBe(200)
      expect(await jwt.server.storage.prisma.revocation.count()).toBe(before)
    },
  },
  {
    id: 'E82',
    name: 'a JWT that its holder ends again and again is told to resource servers and written down once',
    source: 'OWASP ASVS 16.2 (logs that anybody can fill)',
    run: async ({ jwt, jwtBrowser }) => {
      const { access_token: token } = await newTokens(jwt, { browser: jwtBrowser })
      const { revocation, auditEvent } = jwt.server.storage.prisma
      const count = async () => [await revocation.count(), await auditEvent.count({ where: { type: 'token.revoked' } })]
      const [told = 0, written = 0] = await count()
      for (let times = 0; times < 5; times += 1) expect(await revoke(jwt.grant, token)).toBe(200)
      expect(await count()).toEqual([told + 1, written + 1])
    },
  },
]

interface By {
  readonly fields?: Changes
  readonly headers?: Readonly<Record<string, string>>
}
