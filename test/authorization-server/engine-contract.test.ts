/**
 * What we replace in the engine, and what we rely on of its order, against the engine's own source. The behaviour is tested through HTTP
 * elsewhere. Here a new release of the engine fails when it asks from another place, or in another order, than a replacement assumes.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'

const lib = fileURLToPath(new URL('../../node_modules/oidc-provider/lib/', import.meta.url))
const ours = fileURLToPath(new URL('../../src/', import.meta.url))

function sourcesIn(folder: string, ending: RegExp): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => ending.test(file))
  return new Map(files.sort().map((file) => [file, readFileSync(`${folder}${file}`, 'utf8')]))
}

const engine = sourcesIn(lib, /\.js$/)
const product = sourcesIn(ours, /(?<!\.d)\.ts$/)
const sourceOf = (file: string) => engine.get(file) ?? ''

/** How often each file of the engine contains the text. */
function sitesOf(text: string): Record<string, number> {
  const counts = [...engine].map(([file, source]) => [file, source.split(text).length - 1] as const)
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

interface CallSites {
  /** The file of ours that replaces it, or relies on it. */
  readonly by: string
  readonly text: string
  readonly sites: Readonly<Record<string, number>>
}

/** Every place where the engine calls what we replaced, its definition included. */
const callSites: readonly CallSites[] = [
  {
    // The engine's helpers, handed to its grants: each grant that we register again asks for the grant there.
    by: 'authorization-server/engine/granted-scopes.ts',
    text: 'validateGrant(',
    sites: {
      'helpers/grant_source.js': 1,
      'actions/grants/authorization_code.js': 1,
      'actions/grants/ciba.js': 1,
      'actions/grants/device_code.js': 1,
      'actions/grants/pre_authorized_code.js': 1,
      'actions/grants/refresh_token.js': 1,
    },
  },
  {
    // After the scope of a token was chosen. Those of codes and device codes pass through grant_common.
    by: 'authorization-server/engine/granted-scopes.ts',
    text: 'applyAuthorizationDetails(',
    sites: {
      'helpers/grant_authorization.js': 1,
      'helpers/grant_common.js': 1,
      'actions/grants/client_credentials.js': 1,
      'actions/grants/refresh_token.js': 1,
    },
  },
  {
    // Once the token of the form held.
    by: 'authorization-server/engine/device-codes.ts',
    text: 'DeviceCode.findByUserCode(',
    sites: { 'actions/code_verification.js': 1 },
  },
  {
    // Once the request was found good; saved at once.
    by: 'authorization-server/engine/device-codes.ts',
    text: 'provider.DeviceCode({',
    sites: { 'actions/authorization/device.js': 1 },
  },
  {
    // Two kinds of identifiers. The third is of a feature that is off: client attestation.
    by: 'authorization-server/engine/one-time.ts',
    text: 'ReplayDetection.unique(',
    sites: { 'helpers/validate_dpop.js': 1, 'shared/jwt_client_auth.js': 1, 'shared/attest_client_auth.js': 1 },
  },
  {
    by: 'authorization-server/engine/one-time.ts',
    text: 'assertJwtClientAuthClaimsAndHeader(',
    sites: { 'helpers/defaults.js': 1, 'shared/jwt_client_auth.js': 1 },
  },
  {
    // Whoever verifies a proof asks whether it is new: the token endpoint's grants, pushed requests, userinfo.
    by: 'authorization-server/engine/one-time.ts',
    text: 'checkDpopReplay(',
    sites: {
      'helpers/validate_dpop.js': 1,
      'helpers/grant_common.js': 1,
      'shared/access_token.js': 1,
      'shared/attest_client_auth.js': 1,
      'actions/grants/refresh_token.js': 1,
      'actions/authorization/sender_constraints.js': 1,
    },
  },
  {
    by: 'authorization-server/engine/authentication.ts',
    text: 'compareClientSecret(',
    sites: { 'models/client.js': 1, 'shared/client_auth.js': 1 },
  },
  {
    by: 'authorization-server/engine/grant-types.ts',
    text: 'grantTypeAllowed(',
    sites: {
      'models/client.js': 1,
      'actions/token.js': 1,
      'actions/authorization/client.js': 1,
      'actions/authorization/scopes.js': 1,
      'helpers/defaults.js': 1,
      'helpers/revoke.js': 5,
    },
  },
  {
    by: 'authorization-server/engine/built-clients.ts',
    text: 'dynamicClients',
    sites: { 'models/client.js': 3, 'provider.js': 1 },
  },
  {
    by: 'authorization-server/engine/browser-sessions.ts',
    text: 'Interaction.find(',
    sites: { 'provider.js': 1, 'actions/authorization/resume.js': 1 },
  },
  {
    by: 'authorization-server/engine/browser-sessions.ts',
    text: 'resetIdentifier(',
    sites: { 'models/session.js': 1, 'actions/authorization/resume.js': 1, 'actions/end_session.js': 1 },
  },
  { by: 'authorization-server/engine/browser-sessions.ts', text: 'oldId', sites: { 'models/session.js': 3 } },
  {
    // The unit of work of the request collects what is used up and what is issued.
    by: 'storage/unit-of-work.ts',
    text: '.consume()',
    sites: {
      'helpers/grant_source.js': 1,
      'actions/grants/refresh_token.js': 1,
      'actions/authorization/respond.js': 1,
    },
  },
  {
    by: 'authorization-server/engine/engine-events.ts',
    text: 'new UnsupportedTokenType',
    sites: { 'shared/reject_structured_tokens.js': 1 },
  },
  {
    // Userinfo finds its token there. The others are introspection and revocation, and models whose name ends so.
    by: 'authorization-server/engine/userinfo-tokens.ts',
    text: 'AccessToken.find(',
    sites: { 'helpers/token_find.js': 3, 'shared/access_token.js': 1, 'actions/registration.js': 2 },
  },
  {
    // The context that `Provider.ctx` is, for an endpoint that is not the engine's.
    by: 'authorization-server/engine/client-authentication.ts',
    text: 'als.run(',
    sites: { 'helpers/initialize_app.js': 1 },
  },
  {
    by: 'authorization-server/engine/client-authentication.ts',
    text: 'getClientAuthParams(',
    sites: {
      'shared/client_auth.js': 2,
      'actions/authorization/index.js': 1,
      'actions/introspection.js': 1,
      'actions/revocation.js': 1,
      'actions/token.js': 2,
    },
  },
]

interface Order {
  readonly name: string
  readonly file: string
  /** In this order, each once. */
  readonly steps: readonly string[]
}

const orders: readonly Order[] = [
  {
    name: 'an assertion is verified, then our hook runs, then the question whether it is new',
    file: 'shared/jwt_client_auth.js',
    steps: ['await JWT.verify(', 'await assertJwtClientAuthClaimsAndHeader(', 'ReplayDetection.unique('],
  },
  {
    name: 'a verified proof is kept for its request, and a later look reads no header',
    file: 'helpers/validate_dpop.js',
    steps: ['if (weakMap.has(ctx)) {', "ctx.get('DPoP')", 'await jwtVerify(proof', 'weakMap.set(ctx, { result, jwt })'],
  },
  {
    name: 'a refresh token is judged before it is used up, and used up before its successor is saved',
    file: 'actions/grants/refresh_token.js',
    steps: [
      "throw new InvalidGrant('failed jkt verification')",
      "ctx.oidc.entity('RefreshToken', refreshToken);\n  ctx.oidc.entity('Grant'",
      'if (refreshToken.consumed) {',
      'await rotateRefreshToken(ctx)',
      'await refreshToken.consume()',
      'await refreshToken.save()',
      'await at.save()',
    ],
  },
  {
    name: 'a code is used up before anything is issued for it',
    file: 'actions/grants/authorization_code.js',
    steps: ['checkPKCE(', 'await consumeGrantSource(', 'await issueTokens('],
  },
  {
    name: 'a used code or device code ends its grant',
    file: 'helpers/grant_source.js',
    steps: ['if (source.consumed) {', 'await revoke(ctx, source.grantId)', 'await source.consume()'],
  },
  {
    // What engine/engine-parameters.ts writes there.
    name: 'a body is read from the members of the request that we replace',
    file: 'shared/selective_body.js',
    steps: ['req.iterator(', 'if (ctx.req.readable) {'],
  },
  {
    // As for our own endpoint: engine/client-authentication.ts.
    name: 'the client is authenticated with the parameters of the body, and with nothing else that came before',
    file: 'actions/introspection.js',
    steps: ['  parseBody,', 'paramsMiddleware(params, ctx, next)', '...clientAuth,'],
  },
  {
    name: 'introspection authenticates the client before it refuses a structured token',
    file: 'actions/introspection.js',
    steps: ['...clientAuth,', '\n  rejectStructuredTokens,'],
  },
  {
    name: 'revocation authenticates the client before it refuses a structured token',
    file: 'actions/revocation.js',
    steps: ['...clientAuth,', '\n  rejectStructuredTokens,'],
  },
  {
    name: 'a session that changes its value ends the old one before it is saved, unless told otherwise',
    file: 'models/session.js',
    steps: ['if (this.oldId) {', 'await super.save(ttl)', 'this.oldId = this.id'],
  },
]

describe('The engine that our replacements assume', () => {
  it.each(callSites)('$text is asked from where $by expects', ({ by, text, sites }) => {
    expect(product.has(by)).toBe(true)
    expect(sitesOf(text)).toEqual(sites)
  })

  it.each(orders)('$name', ({ file, steps }) => {
    const source = sourceOf(file)
    const places = steps.map((step) => source.indexOf(step))
    expect(places.filter((place) => place < 0)).toEqual([])
    expect(places).toEqual([...places].sort((one, other) => one - other))
    for (const step of steps) expect(source.split(step)).toHaveLength(2)
  })

  it('asks nothing between our hook for an assertion and the question whether that assertion is new', () => {
    const source = sourceOf('shared/jwt_client_auth.js')
    const between = source.slice(
      source.indexOf('await assertJwtClientAuthClaimsAndHeader('),
      source.indexOf('ReplayDetection.unique('),
    )
    expect(between.match(/\bawait\b/g)).toHaveLength(2)
  })

  it('emits every event that the log line and the audit trail are made from', () => {
    const listened = (product.get('authorization-server/engine/engine-events.ts') ?? '').matchAll(
      /'([a-z_]+\.(?:error|success|revoked))'/g,
    )
    const names = new Set([...listened].map(([, name]) => name ?? ''))
    expect(names.size).toBeGreaterThan(15)
    const emitted = [...engine.values()].join('\n')
    // Those of several endpoints are named by the route.
    const isEmitted = (name: string) => emitted.includes(`'${name}'`) || emitted.includes(`\`${name}\``)
    expect([...names].filter((name) => !isEmitted(name))).toEqual([])
  })

  /** What of ours reaches into the engine. A new place gets its rows above, and its name here. */
  it('is given other parameters than the client sent in one file alone', () => {
    const writing = [...product]
      .filter(([, source]) => /'iterator'|\.querystring = /.test(source))
      .map(([file]) => file)
    expect(writing).toEqual(['authorization-server/engine/engine-parameters.ts'])
  })

  it('is reached into from these files alone', () => {
    const reaching =
      /Object\.assign\((?:provider|Interaction|ReplayDetection)\b|\bprototype\b|(?:Engine|AccessToken)\.find = |'oidc-provider\/lib\//
    // The database's folder knows no engine (test/architecture.test.ts): what it looks at is pg.
    const mayKnow = [...product].filter(([file]) => !file.startsWith('database/'))
    const files = mayKnow.filter(([, source]) => reaching.test(source)).map(([file]) => file)
    expect(files.sort()).toEqual([
      'authorization-server/engine/authentication.ts',
      'authorization-server/engine/browser-sessions.ts',
      'authorization-server/engine/built-clients.ts',
      'authorization-server/engine/client-authentication.ts',
      'authorization-server/engine/device-codes.ts',
      'authorization-server/engine/dpop-proof.ts',
      'authorization-server/engine/grant-types.ts',
      'authorization-server/engine/granted-scopes.ts',
      'authorization-server/engine/one-time.ts',
      'authorization-server/engine/own-grants.ts',
      'authorization-server/engine/provider.ts',
      'authorization-server/engine/userinfo-tokens.ts',
    ])
  })

  it('is the release that all of this was read in', () => {
    const { version } = JSON.parse(readFileSync(`${lib}../package.json`, 'utf8')) as { version: string }
    const { dependencies } = JSON.parse(readFileSync(`${ours}../package.json`, 'utf8')) as {
      dependencies: Record<string, string>
    }
    expect(dependencies['oidc-provider']).toBe(version)
  })
})
