import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeJwt } from 'jose'
import { deviceLimits, userCodeLimits } from '../../src/authorization-server/device/entry.js'
import { formatUserCode, parseUserCode } from '../../src/authorization-server/device/user-code.js'
import { consent, deny, isConsentPage, isSignInPage, scopesOn, signIn } from '../support/authorization.js'
import { type Browser, type Page, pageOf } from '../support/browser.js'
import { describeOnDatabases } from '../support/describe-with.js'
import {
  askForDeviceCode,
  type DeviceAuthorization,
  deviceAuthorizationSchema,
  deviceCodeGrant,
  poll,
  startDevice,
} from '../support/device-client.js'
import { discoverServer, type Grant, refresh, register } from '../support/oauth-client.js'
import { startServer, type TestServer } from './server.js'

describe('User codes as people type them (RFC 8628 §6.1)', () => {
  it.each([
    ['bdwp-hqpk', 'BDWPHQPK'],
    ['  BDWP HQPK\n', 'BDWPHQPK'],
    ['b.d.w.p/h_q—p k', 'BDWPHQPK'],
    ['ＢＤＷＰ‐ＨＱＰＫ', 'BDWPHQPK'],
    ['BDWP-HQ5K', 'BDWPHQSK'],
    ['https://auth.example.com/device?user_code=BDWP-HQPK', 'BDWPHQPK'],
    ['https://auth.example.com/device?user_code=BDWP%2DHQPK&x=y', 'BDWPHQPK'],
    ['user_code=%zz', 'USERCODEZZ'],
    ['', ''],
    ['<script>', 'SCRIPT'],
    ['x'.repeat(500), 'X'.repeat(64)],
  ])('%j is %s', (typed, code) => expect(parseUserCode(typed)).toBe(code))

  it('are shown in two halves', () => expect(formatUserCode('BDWPHQPK')).toBe('BDWP-HQPK'))
})

describeOnDatabases('The device flow (RFC 8628), on %s', (kind) => {
  let server: TestServer
  let browser: Browser
  let client: Grant
  beforeAll(async () => {
    server = await startServer(kind)
    browser = server.newBrowser()
    const metadata = await discoverServer(server.issuer)
    const { client_id: clientId } = await register(metadata, {
      client_name: 'Notes CLI',
      grant_types: [deviceCodeGrant, 'refresh_token'],
      redirect_uris: undefined,
      response_types: undefined,
    })
    client = { server: metadata, clientId, redirectUri: '', resource: server.resource }
  })
  afterAll(() => server.close())

  const enter = async (by: Browser, code: string): Promise<Page> => {
    const entry = pageOf(await by.open(`${server.issuer}/device`))
    return pageOf(await by.press(entry, 'Continue', { Code: code }))
  }

  /** Enters the code and signs in if need be, up to the consent page. */
  const toConsent = async (by: Browser, { user_code: userCode }: DeviceAuthorization): Promise<Page> => {
    const page = await enter(by, userCode)
    const next = isSignInPage(page) ? pageOf(await signIn(by, page, server.account)) : page
    if (!isConsentPage(next)) throw new Error(`no consent page, but "${next.heading}": ${next.text}`)
    return next
  }

  const approved = async (parameters: Record<string, string> = {}): Promise<DeviceAuthorization> => {
    const device = await startDevice(client, parameters)
    const done = pageOf(await consent(browser, await toConsent(browser, device)))
    expect(done.heading).toBe('You can close this window')
    return device
  }

  it('goes from a code on a screen to tokens for the default resource and scope', async () => {
    expect(client.server).toMatchObject({
      device_authorization_endpoint: `${server.issuer}/device/authorize`,
      grant_types_supported: expect.arrayContaining([deviceCodeGrant]),
    })
    const device = await startDevice(client)
    expect(device).toMatchObject({
      verification_uri: `${server.issuer}/device`,
      verification_uri_complete: `${server.issuer}/device?user_code=${device.user_code}`,
      expires_in: 600,
      interval: 5,
    })
    expect(device.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect((await poll(client, device.device_code)).error).toBe('authorization_pending')

    const signInPage = await enter(browser, ` ${device.user_code.toLowerCase().replace('-', ' ')} `)
    expect(signInPage.text).toContain('to connect Notes CLI')
    const page = pageOf(await signIn(browser, signInPage, server.account))
    expect(isConsentPage(page)).toBe(true)
    for (const words of ['Notes CLI', 'Gatehouse Notes', device.user_code, 'Not verified', 'someone sent you']) {
      expect(page.text).toContain(words)
    }
    expect(page.text).toContain('the network you are on')
    expect(scopesOn(page).map(({ name }) => name)).toEqual(['notes:read', 'notes:write'])
    const done = pageOf(await consent(browser, page))
    expect([done.status, done.heading]).toEqual([200, 'You can close this window'])
    expect(done.text).toContain('Notes CLI has its access now')

    const { tokens } = await poll(client, device.device_code)
    expect(tokens?.scope).toBe('notes:read notes:write')
    expect(decodeJwt(tokens?.access_token ?? '')).toMatchObject({ aud: server.resource, client_id: client.clientId })
    const refreshed = await refresh(client, tokens?.refresh_token ?? '')
    expect(refreshed.status).toBe(200)

    // Used again it is taken for stolen, as a code is: what came of it ends.
    expect((await poll(client, device.device_code)).error).toBe('invalid_grant')
    expect((await refresh(client, refreshed.tokens?.refresh_token ?? '')).error).toBe('invalid_grant')
  })

  it.each([
    ['https://tv.example', 'A website asked for this code: tv.example'],
    ['null', 'A website asked for this code'],
    ['chrome-extension://abcdefgh', 'A website asked for this code: abcdefgh'],
  ])(
    'says so when a page asked for the code (Origin: %s), for the person may sit before that very browser',
    async (origin, words) => {
      const answer = await askForDeviceCode(client, {}, { origin })
      const device = deviceAuthorizationSchema.parse(await answer.json())
      const page = await toConsent(browser, device)
      expect(page.text).toContain(words)
      expect(page.text).not.toContain('the network you are on')
    },
  )

  it('shows the code of a link for the person to compare, and sends nothing by itself', async () => {
    const device = await startDevice(client, { scope: 'notes:read notes:write' })
    const page = pageOf(await browser.open(device.verification_uri_complete))
    expect(page.heading).toBe('Is this the code on your device?')
    expect(page.text).toContain('Never enter a code that someone sent you')
    expect(page.html).not.toContain('<script')
    expect(page.headers.get('cache-control')).toContain('no-store')
    expect(page.headers.get('x-frame-options')).toBe('DENY')
    expect(page.forms[0]?.fields.find(({ label }) => label === 'Code')?.value).toBe(device.user_code)
    const shown = pageOf(await browser.press(page, 'Continue'))
    expect(scopesOn(shown).map(({ name }) => name)).toContain('notes:write')
    await consent(browser, shown, ['notes:read'])
    expect((await poll(client, device.device_code)).tokens?.scope).toBe('notes:read')
  })

  it('tells the device when the person says no, on the consent page or before signing in', async () => {
    const denied = await startDevice(client)
    const page = pageOf(await deny(browser, await toConsent(browser, denied)))
    expect(page.text).toContain('Notes CLI got no access')
    expect((await poll(client, denied.device_code)).error).toBe('access_denied')
    const cancelled = await startDevice(client)
    const own = server.newBrowser()
    expect(pageOf(await own.press(await enter(own, cancelled.user_code), /^Cancel/)).text).toContain('got no access')
    expect((await poll(client, cancelled.device_code)).error).toBe('access_denied')
    expect((await enter(own, cancelled.user_code)).text).toContain('This code was answered already')
  })

  it.each([
    ['', 'There is no code in that'],
    ['BCDF-GHJK', 'We do not know this code'],
    ['BCD', 'We do not know this code'],
    ["' OR 1=1 --", 'We do not know this code'],
  ])('asks again for %j, and says why', async (typed, words) => {
    const page = await enter(browser, typed)
    expect([page.status, page.title]).toEqual([422, 'Error: Connect a device · Gatehouse'])
    expect(page.text).toContain(words)
    const device = await startDevice(client)
    expect(isConsentPage(pageOf(await browser.press(page, 'Continue', { Code: device.user_code })))).toBe(true)
  })

  it('lets a person who was interrupted enter the code again', async () => {
    const device = await startDevice(client)
    await toConsent(browser, device)
    await consent(browser, await toConsent(browser, device))
    expect((await poll(client, device.device_code)).status).toBe(200)
  })

  it('counts the first of two decisions; the second one is told so', async () => {
    const device = await startDevice(client)
    const other = server.newBrowser()
    const [first, second] = [await toConsent(browser, device), await toConsent(other, device)]
    await deny(browser, first)
    const late = pageOf(await consent(other, second))
    expect([late.status, late.text.includes('This code was answered already')]).toEqual([422, true])
    expect((await poll(client, device.device_code)).error).toBe('access_denied')
  })

  it('takes a decision that was sent ten times at once for the one it is', async () => {
    const device = await startDevice(client)
    const page = await toConsent(browser, device)
    const arrivals = await Promise.all(Array.from({ length: 10 }, () => consent(browser, page)))
    const told = arrivals.map((arrival) => pageOf(arrival).heading)
    expect(told.filter((heading) => heading === 'You can close this window')).toHaveLength(1)
    expect((await poll(client, device.device_code)).status).toBe(200)
  })

  it('gives the tokens to one of twenty polls at once', async () => {
    const device = await approved()
    const answers = await Promise.all(Array.from({ length: 20 }, () => poll(client, device.device_code)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(new Set(answers.flatMap(({ error }) => error ?? []))).toEqual(new Set(['invalid_grant']))
  })

  it('slows down who asks too often, and answers a decision all the same (RFC 8628 §3.5)', async () => {
    const device = await startDevice(client)
    const errorOf = async () => (await poll(client, device.device_code)).error
    expect(await errorOf()).toBe('authorization_pending')
    expect(await errorOf()).toBe('slow_down')
    server.advance(6)
    expect(await errorOf()).toBe('slow_down')
    server.advance(15)
    expect(await errorOf()).toBe('authorization_pending')
    await consent(browser, await toConsent(browser, device))
    expect((await poll(client, device.device_code)).status).toBe(200)
  })

  it('ends with expired_token, and the person is told to start again', async () => {
    const device = await startDevice(client)
    // The engine's own clock does not move: the code is aged instead.
    await server.storage.database.sql.query(
      {
        name: 'age_device_codes',
        lane: 'write',
        text: `UPDATE artifacts SET expires_at = expires_at - interval '10 minutes 30 seconds',
          payload = jsonb_set(payload, '{exp}', to_jsonb((payload->>'exp')::int - 630)) WHERE model = 'DeviceCode' AND client_id = $1`,
      },
      [client.clientId],
    )
    expect((await poll(client, device.device_code)).error).toBe('expired_token')
    expect((await enter(browser, device.user_code)).text).toContain('This code has expired')
  })

  it('takes no form from elsewhere, and none without its token', async () => {
    const device = await startDevice(client)
    const fields = { user_code: device.user_code, confirm: 'yes', xsrf: '' }
    expect(pageOf(await browser.post(`${server.issuer}/device`, fields, 'http://evil.test/')).status).toBe(403)
    const page = pageOf(await browser.post(`${server.issuer}/device`, fields))
    expect([page.status, isConsentPage(page)]).toEqual([422, false])
    expect(page.text).toContain('Please enter the code once more')
    expect((await poll(client, device.device_code)).error).toBe('authorization_pending')
  })

  it('answers a browser that keeps no cookies with a page, and no failure', async () => {
    const answer = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`${server.issuer}${path}`, { headers: { accept: 'text/html' }, ...init })
      return [response.status, /<h1>(.*)<\/h1>/.exec(await response.text())?.[1]]
    }
    const body = new URLSearchParams({ user_code: 'BCDF-GHJK', xsrf: 'x' })
    expect(await answer('/device', { method: 'POST', body })).toEqual([403, 'Please send that once more'])
    expect(await answer('/device/unknown')).toEqual([400, 'This sign-in has expired'])
    // An endpoint for programs, which post to it (RFC 8628 §3.1).
    expect((await answer('/device/authorize'))[0]).toBe(405)
    expect(server.logLines.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })

  it('believes nobody by a client_id alone: also the operator’s public client counts as not verified', async () => {
    await server.clients.save(
      'operators-cli',
      {
        client_id: 'operators-cli',
        client_name: 'Claude Code',
        grant_types: [deviceCodeGrant],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'none',
      },
      'static',
    )
    const device = await startDevice({ ...client, clientId: 'operators-cli' }, { redirect_uri: 'https://claude.ai/' })
    const page = await toConsent(browser, device)
    expect(page.text).toContain('this may not be Claude')
    expect(page.text).not.toContain('Then you go')
    expect((await poll(client, device.device_code)).error).toBe('invalid_grant')
  })

  it.each<[string, Record<string, string>, string]>([
    ['an unknown resource', { resource: 'https://other.example/mcp' }, 'invalid_target'],
    ['an unknown client', { client_id: 'nobody' }, 'invalid_client'],
  ])('refuses %s', async (_name, parameters, error) => {
    const response = await askForDeviceCode(client, parameters)
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(await response.json()).toMatchObject({ error })
  })

  it('is for clients that registered for it', async () => {
    const { client_id: clientId } = await register(client.server, {})
    const response = await askForDeviceCode({ ...client, clientId })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: 'unauthorized_client' })
  })

  it('keeps device codes where the database alone does not tell them, and out of the log', async () => {
    const device = await startDevice(client)
    await toConsent(browser, device)
    for (const table of ['artifacts', 'ephemeral_artifacts']) {
      const { rows } = await server.storage.database.sql.query<{ text: string }>(
        { name: `dump_${table}`, lane: 'read', text: `SELECT row_to_json(t)::text AS text FROM ${table} t` },
        [],
      )
      expect(rows.length).toBeGreaterThan(0)
      expect(rows.filter(({ text }) => text.includes(device.device_code))).toEqual([])
    }
    await fetch(`${server.issuer}/INTERACTION/uid-of-a-sign-in`)
    const log = server.logLines.join('\n')
    expect(log).not.toContain('uid-of-a-sign-in')
    for (const secret of [device.device_code, device.user_code]) expect(log).not.toContain(secret)
    expect(log).toContain('"path":"/device/:uid"')
  })

  it('claims no nearness where every request has a proxy’s address', async () => {
    const hidden = await startServer(kind, { storage: server.storage, hidesAddresses: true })
    const device = await startDevice({ ...client, server: await discoverServer(hidden.issuer) })
    const by = hidden.newBrowser()
    const entry = pageOf(await by.open(`${hidden.issuer}/device`))
    const signInPage = pageOf(await by.press(entry, 'Continue', { Code: device.user_code }))
    const page = pageOf(await signIn(by, signInPage, server.account))
    expect(page.text).toContain(device.user_code)
    expect(page.text).not.toContain('The code was asked for')
    await hidden.close()
  })

  it('limits how many codes one address asks for', async () => {
    const own = await register(client.server, { grant_types: [deviceCodeGrant] })
    const ask = () => askForDeviceCode({ ...client, clientId: own.client_id })
    server.advance(userCodeLimits.windowSeconds + 1)
    for (let asked = 0; asked < deviceLimits.address; asked += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, ask))
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    }
    const refused = await ask()
    expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true])
    expect(await refused.json()).toMatchObject({ error: 'temporarily_unavailable' })
    server.advance(userCodeLimits.windowSeconds + 1)
    expect((await ask()).status).toBe(200)
  })

  // Last, because it uses up what one address may enter.
  it('stops who guesses: forty codes in a quarter of an hour from one address', async () => {
    let page = await enter(browser, 'BCDF-GHJK')
    for (let tries = 0; tries < userCodeLimits.address && page.status === 422; tries += 1) {
      page = pageOf(await browser.press(page, 'Continue', { Code: 'BCDF-GHJK' }))
    }
    expect(page.status).toBe(429)
    expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(page.text).toContain('There were too many tries')
    const device = await startDevice(client)
    expect((await enter(browser, device.user_code)).status).toBe(429)
    server.advance(userCodeLimits.windowSeconds + 1)
    expect(isConsentPage(await toConsent(browser, await startDevice(client)))).toBe(true)
  })
})
