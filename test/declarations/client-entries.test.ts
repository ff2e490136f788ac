import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createClientJudge } from '../../src/authorization-server/engine/provider.js'
import { parseConfig } from '../../src/config/config.js'
import { readDeclarations } from '../../src/declarations/declaration-file.js'
import { operatorMembers } from '../../src/oauth/operator-clients.js'
import { passwordLevel } from '../../src/oauth/sign-in-levels.js'
import { applyFile } from '../../src/program/declarations/applying.js'
import { readText } from '../../src/program/declarations/judging.js'
import { startServer } from '../authorization-server/server.js'
import { preferredDatabase } from '../support/databases.js'
import { noDeclarations } from '../support/declarations.js'
import { discoverServer, newGrant, obtainTokens, refresh, requestTokens } from '../support/oauth-client.js'
import { temporaryFolder } from '../support/run-folder.js'
import { stackSettings } from '../support/settings.js'
import { startStack } from '../support/stack.js'
import { rules as fileRules } from './reading.js'

const registrationRules = { allowedPrivateUseRedirects: new Set<string>() }
const resource = { resource: 'http://localhost:4000/mcp', aliases: ['http://127.0.0.1:4000/mcp'] }
const issuer = 'http://localhost:3000'
const engine = createClientJudge({ issuer, registrationRules, declarations: noDeclarations, offersDeviceFlow: true })
const rules = {
  ...fileRules,
  engine: () => engine,
  others: () => [{ url: resource.resource, aliases: resource.aliases }],
}
const secret = 'a-secret-that-is-long-enough'
const sha256 = createHash('sha256').update(secret).digest('hex')
// RFC 7515, appendix A.3.
const key = {
  kty: 'EC',
  crv: 'P-256',
  x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
  y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
}
const jwks = { keys: [key] }
const name = { client_name: 'Machine' }

/** Reads a file that holds these clients; the folder has one secret besides. */
function read(...clients: unknown[]) {
  const files: Record<string, string> = {
    '/run/secrets/machine': `${secret}\n`,
    '/run/secrets/short': 'short',
    '/run/secrets/odd': `${secret} with blanks`,
  }
  const readFile = (path: string) => {
    const text = files[path]
    if (text === undefined) throw new Error(`ENOENT: ${path}`)
    return text
  }
  const bytes = new TextEncoder().encode(JSON.stringify({ clients }))
  return readDeclarations('/run/clients.json', bytes, { readFile, environment: {} }, rules).clients.map(
    ({ value }) => value,
  )
}

describe('a file of clients', () => {
  it('says what each client is, with defaults that follow from what it has', () => {
    expect(
      read(
        { ...name, client_id: 'by-file', client_secret_file: 'secrets/machine' },
        {
          ...name,
          client_id: 'by-hash',
          client_secret_sha256: sha256.toUpperCase(),
          token_endpoint_auth_method: 'client_secret_post',
        },
        { ...name, client_id: 'by-key', jwks, introspects: 'http://127.0.0.1:4000/mcp/' },
        { ...name, client_id: 'web', redirect_uris: ['https://app.example/cb'] },
      ),
    ).toEqual([
      expect.objectContaining({
        client_id: 'by-file',
        client_secret: secret,
        grant_types: ['client_credentials'],
        response_types: [],
        token_endpoint_auth_method: 'client_secret_basic',
      }),
      expect.objectContaining({
        client_secret_sha256: sha256,
        token_endpoint_auth_method: 'client_secret_post',
        demands_auth_method: true,
      }),
      expect.objectContaining({ token_endpoint_auth_method: 'private_key_jwt', jwks, introspects: resource.resource }),
      expect.objectContaining({
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
        redirect_uris: ['https://app.example/cb'],
      }),
    ])
    expect(JSON.stringify(read({ ...name, client_id: 'x', client_secret_sha256: sha256 }))).not.toContain('secret_file')
  })

  it.each<[RegExp, unknown]>([
    [/clients\[0\] must be an object/, 'machine'],
    [/: client_id is missing/, name],
    [/: client_id must be/, { ...name, client_id: 'two words', jwks }],
    [/client_id must be .* no URL/, { ...name, client_id: 'https://app.example/client', jwks }],
    [/: client_name is missing/, { client_id: 'm', jwks }],
    [
      /: redirect_uri is not a member: did you mean redirect_uris\?/,
      { ...name, client_id: 'm', jwks, redirect_uri: 'x' },
    ],
    [/: grantTypes is not a member: did you mean grant_types\?/, { ...name, client_id: 'm', jwks, grantTypes: [] }],
    [/: secret is not a member/, { ...name, client_id: 'm', jwks, secret: 'x' }],
    [/: made_by_operator is not a member/, { ...name, client_id: 'm', jwks, made_by_operator: true }],
    [/: client_secret does not belong here/, { ...name, client_id: 'm', client_secret: secret }],
    [
      /: needs one of client_secret_file, /,
      { ...name, client_id: 'm', token_endpoint_auth_method: 'client_secret_basic' },
    ],
    [
      /: needs one of client_secret_file, /,
      { ...name, client_id: 'm', client_secret_file: 'secrets/machine', client_secret_sha256: sha256 },
    ],
    [
      /: has a secret, but/,
      { ...name, client_id: 'm', client_secret_sha256: sha256, token_endpoint_auth_method: 'none' },
    ],
    [/: client_secret_sha256 must be 64/, { ...name, client_id: 'm', client_secret_sha256: secret }],
    [/: client_secret_file cannot be read: ENOENT/, { ...name, client_id: 'm', client_secret_file: 'secrets/none' }],
    [/: client_secret_file holds fewer than 24/, { ...name, client_id: 'm', client_secret_file: 'secrets/short' }],
    [/: client_secret_file must hold visible/, { ...name, client_id: 'm', client_secret_file: 'secrets/odd' }],
    [/: needs either jwks or jwks_uri/, { ...name, client_id: 'm', token_endpoint_auth_method: 'private_key_jwt' }],
    [/: jwks_uri must be https/, { ...name, client_id: 'm', jwks_uri: 'http://worker/jwks' }],
    [/: redirect_uris must be https/, { ...name, client_id: 'm', redirect_uris: ['http://app.example/cb'] }],
    [
      /: a public client cannot use client_credentials/,
      { ...name, client_id: 'm', grant_types: ['client_credentials'] },
    ],
    [
      /: require_pkce can be false only for/,
      { ...name, client_id: 'm', redirect_uris: ['https://app.example/cb'], require_pkce: false },
    ],
    [/: require_pkce must be true or false/, { ...name, client_id: 'm', jwks, require_pkce: 'false' }],
    [
      /: consent must be ask for a public client with a loopback/,
      { ...name, client_id: 'm', redirect_uris: ['http://127.0.0.1/cb'], consent: 'remembered' },
    ],
    [/: consent must be one of ask, remembered, none/, { ...name, client_id: 'm', jwks, consent: 'never' }],
    [
      /: id_token_signed_response_alg must be one of RS256, ES256/,
      { ...name, client_id: 'm', jwks, id_token_signed_response_alg: 'none' },
    ],
    [/: default_max_age must be a whole number/, { ...name, client_id: 'm', jwks, default_max_age: '60' }],
    [
      /: grant_types\[0\] must be one of authorization_code, /,
      { ...name, client_id: 'm', jwks, grant_types: ['password'] },
    ],
    [/: response_types\[0\] must be one of code/, { ...name, client_id: 'm', jwks, response_types: ['code id_token'] }],
    [/: introspects must be http:\/\/localhost:4000\/mcp:/, { ...name, client_id: 'm', jwks, introspects: issuer }],
    [/: resources must name at least one/, { ...name, client_id: 'm', jwks, resources: [] }],
    [/: jwks.keys must be a list of public keys/, { ...name, client_id: 'm', jwks: { keys: [] } }],
    [/: jwks.keys\[0\] is no EC key/, { ...name, client_id: 'm', jwks: { keys: [{ ...key, y: key.x }] } }],
    [/: jwks holds no key that signs anything/, { ...name, client_id: 'm', jwks: { keys: [{ kty: 'AKP' }] } }],
    [
      /: jwks holds no key that signs PS256/,
      { ...name, client_id: 'm', jwks, token_endpoint_auth_signing_alg: 'PS256' },
    ],
    [/: contacts must be a list of texts/, { ...name, client_id: 'm', jwks, contacts: 'us@app.example' }],
    [
      /: userinfo_signed_response_alg is not a member/,
      { ...name, client_id: 'm', userinfo_signed_response_alg: 'RS256' },
    ],
  ])('is refused with %s', (message, entry) => {
    expect(() => read(entry)).toThrow(message)
  })

  it('gives every member that has a meaning here, and the server starts with it', async () => {
    const everything = {
      client_id: 'everything',
      client_name: 'Everything',
      client_uri: 'https://app.example/',
      logo_uri: 'https://app.example/logo.png',
      policy_uri: 'https://app.example/policy',
      tos_uri: 'https://app.example/terms',
      initiate_login_uri: 'https://app.example/login',
      contacts: ['us@app.example'],
      application_type: 'web',
      software_id: 'app',
      software_version: '1',
      redirect_uris: ['https://app.example/cb'],
      post_logout_redirect_uris: ['https://app.example/out'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      response_modes: ['query', 'form_post'],
      subject_type: 'public',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'PS256',
      jwks_uri: 'https://app.example/jwks',
      id_token_signed_response_alg: 'ES256',
      default_max_age: 600,
      default_acr_values: [passwordLevel],
      require_auth_time: true,
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
      consent: 'remembered',
      require_pkce: false,
    }
    const others = operatorMembers.filter((member) => !(member in everything))
    expect(others).toEqual(['jwks', 'introspects', 'resources'])
    const [metadata = { client_id: '' }] = read(everything)
    expect(metadata).toMatchObject(everything)
    const server = await startServer('embedded', { fileClients: [{ metadata }] })
    try {
      expect((await server.clients.find('everything'))?.metadata).toMatchObject(everything)
    } finally {
      await server.close()
    }
  })

  it('is refused with every mistake at once', () => {
    expect(() => read({ client_id: 'a', jwks }, { ...name, client_id: 'a', jwks }, 7)).toThrow(
      /client_name is missing\n[^\n]*client_id a is listed more than once\n[^\n]*clients\[2\] must be an object/,
    )
  })
})

describe('Clients from a file', () => {
  const database = preferredDatabase()

  it('are there from the start, change with the file, and go with everything granted to them', async () => {
    // As Docker mounts secrets: the list in one place, each secret a file of its own.
    const folder = temporaryFolder('secrets')
    mkdirSync(join(folder, 'secrets'))
    writeFileSync(join(folder, 'secrets', 'nightly'), `${secret}\n`)
    const file = join(folder, 'clients.json')
    const write = (...clients: unknown[]) => writeFileSync(file, JSON.stringify({ clients }))
    const nightly = { client_id: 'nightly', client_name: 'Nightly export', client_secret_file: 'secrets/nightly' }
    const app = { client_id: 'app', client_name: 'The app', redirect_uris: ['http://127.0.0.1:41573/callback'] }
    const settings = await stackSettings({ database, env: { GATEHOUSE_FILE: file } })
    const basic = (password: string) => ({
      authorization: `Basic ${Buffer.from(`nightly:${password}`).toString('base64')}`,
    })
    const request = { grant_type: 'client_credentials' }

    write(nightly, app)
    let stack = await startStack({ database, env: settings })
    let server = await discoverServer(stack.issuer)
    expect((await requestTokens(server, request, basic(secret))).status).toBe(200)
    expect((await requestTokens(server, request, basic('wrong'))).error).toBe('invalid_client')
    const grant = { ...(await newGrant(stack)), clientId: 'app' }
    const tokens = await obtainTokens(grant, stack.newBrowser(), { account: stack.account })
    await stack.stop()

    // A new secret, by hash; the app is as it was.
    const renewed = `${secret}-renewed`
    write(
      {
        ...nightly,
        client_secret_file: undefined,
        client_secret_sha256: createHash('sha256').update(renewed).digest('hex'),
      },
      app,
    )
    stack = await startStack({ database, env: settings })
    server = await discoverServer(stack.issuer)
    expect((await requestTokens(server, request, basic(renewed))).status).toBe(200)
    expect((await requestTokens(server, request, basic(secret))).error).toBe('invalid_client')
    const refreshed = await refresh(grant, tokens.refresh_token ?? '')
    expect(refreshed.status).toBe(200)
    await stack.stop()

    write({ ...nightly, client_secret_sha256: sha256, client_secret_file: undefined })
    stack = await startStack({ database, env: settings })
    expect(await refresh(grant, refreshed.tokens?.refresh_token ?? '')).toMatchObject({ error: 'invalid_client' })
    await stack.stop()

    // Back again it starts from nothing.
    write(app)
    stack = await startStack({ database, env: settings })
    expect(await refresh(grant, refreshed.tokens?.refresh_token ?? '')).toMatchObject({ error: 'invalid_grant' })
    await stack.stop()
  }, 180_000)

  it('stop the start when an id is somebody else’s', async () => {
    const server = await startServer('embedded')
    const taken = await newGrant(server)
    const path = join(temporaryFolder('clients'), 'clients.json')
    writeFileSync(path, JSON.stringify({ clients: [{ ...name, client_id: taken.clientId, jwks }] }))
    const applied = applyFile(
      server.storage,
      parseConfig({}, () => ''),
      readText(path),
      {
        environment: {},
        by: 'file',
        isFollowed: true,
      },
    )
    await expect(applied).rejects.toThrow(/belongs to a client that registered itself/)
    expect((await server.clients.find(taken.clientId))?.origin).toBe('dynamic')
    await server.close()
  })
})
