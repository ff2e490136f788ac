import { once } from 'node:events'
import { get } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createSamplePages, serveSamplePages } from '../support/sample-pages.js'

let server: Awaited<ReturnType<typeof serveSamplePages>>

beforeAll(async () => {
  server = await serveSamplePages('#ffd400')
})

afterAll(() => server.close())

describe('headers of a page (RFC 9700 §4.16, OWASP ASVS 5 §3.4)', () => {
  it('forbid framing, sniffing, referrers, caching and scripts', async () => {
    const { headers } = await fetch(`${server.origin}/second-factor/code`)
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'",
      'x-frame-options': 'DENY',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'same-origin',
      'cache-control': 'no-store',
    })
  })

  it('let the one script of a page run, by its hash', async () => {
    for (const page of ['sign-in/first', 'passkey/first', 'consent/verified']) {
      const policy = (await fetch(`${server.origin}/${page}`)).headers.get('content-security-policy')
      expect(policy).toMatch(/^default-src 'none'; [^;]+; [^;]+; [^;]+; [^;]+; script-src 'sha256-[\w+/]{43}='$/)
    }
  })

  it('never limit form-action, which Chromium applies to redirects to loopback and private-use schemes', () => {
    expect(createSamplePages().contentSecurityPolicy).not.toContain('form-action')
  })

  it('keep the link to the window that opened an authorization, and cut it elsewhere', async () => {
    const policyOf = async (path: string) =>
      (await fetch(server.origin + path)).headers.get('cross-origin-opener-policy')
    expect(await policyOf('/consent/verified')).toBe('unsafe-none')
    expect(await policyOf('/set-up/first')).toBe('same-origin')
  })
})

describe('assets of the pages', () => {
  it('carry the accent colour and may be kept for ever', async () => {
    const { stylesheet } = createSamplePages('#ffd400')
    const response = await fetch(server.origin + stylesheet.path)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/css; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(await response.text()).toContain('--accent:#ffd400')
  })

  it('change their name with their content', () => {
    expect(createSamplePages('#ffd400').stylesheet.path).not.toBe(createSamplePages('#0b5cad').stylesheet.path)
    expect(createSamplePages().stylesheet.path).toBe(createSamplePages().stylesheet.path)
  })

  it('answer a conditional request with 304', async () => {
    const { path, etag } = createSamplePages('#ffd400').stylesheet
    // By node:http, because fetch adds `cache-control: no-cache`, which asks for the whole answer.
    const response = get(server.origin + path, { headers: { 'if-none-match': etag } })
    const [{ statusCode }] = await once(response, 'response')
    expect(statusCode).toBe(304)
  })

  it('go on to the next handler for anything else', async () => {
    expect((await fetch(`${server.origin}/assets/other.css`)).status).toBe(404)
    const { path } = createSamplePages('#ffd400').stylesheet
    // The sample server's own handler answers every POST with a redirect.
    expect((await fetch(server.origin + path, { method: 'POST', redirect: 'manual' })).status).toBe(303)
  })
})
