/** Group D, classes 62 and 64: honest token requests, sent in another way. */
import { expect } from '@jest/globals'
import { exchangeOf, redeem } from '../support/oauth-client.js'
import { answerOf, newCode } from './server-world.js'
import type { Row, TokenWorld } from './token-world.js'

const honest = async (world: TokenWorld) => {
  const issued = await newCode(world, { browser: world.browser })
  return { issued, form: new URLSearchParams(exchangeOf(world.grant, issued)) }
}

/** Sends an honest token request in another way: refused, and the code is as good as before. */
const otherWay = (
  id: Row['id'],
  name: string,
  source: string,
  send: (form: URLSearchParams, url: string) => Promise<Response>,
  statuses: readonly number[] = [400],
): Row => ({
  id,
  name,
  source,
  run: async (world) => {
    const { issued, form } = await honest(world)
    const answer = await answerOf(await send(form, world.grant.server.token_endpoint))
    expect(statuses).toContain(answer.status)
    expect(answer.headers.get('content-type') ?? 'application/json').toMatch(/^application\/json/)
    expect(answer.body).not.toHaveProperty('access_token')
    expect((await redeem(world.grant, issued.code, issued.codeVerifier)).status).toBe(200)
  },
})

const typed =
  (type: string | undefined, body: (form: URLSearchParams) => string) => (form: URLSearchParams, url: string) =>
    fetch(url, {
      method: 'POST',
      body: new Blob([body(form)]),
      headers: type === undefined ? {} : { 'content-type': type },
    })

export const attacks: readonly Row[] = [
  ...(
    [
      ['JSON', 'application/json', (form: URLSearchParams) => JSON.stringify(Object.fromEntries(form))],
      [
        'JSON that says it is a form',
        'application/x-www-form-urlencoded',
        (f: URLSearchParams) => JSON.stringify(Object.fromEntries(f)),
      ],
      ['a form that says it is JSON', 'application/json', String],
      ['a form of two types', 'application/json, application/x-www-form-urlencoded', String],
      ['a form that says it is text', 'text/plain', String],
      ['a form that says it is in parts', 'multipart/form-data; boundary=x', String],
      ['a form that says nothing', undefined, String],
      ['a form of a type that is none', 'x', String],
      ['a form of a type with a blank', 'application/ x-www-form-urlencoded', String],
      ['a form of a long type', `application/${'x'.repeat(5_000)}`, String],
    ] as const
  ).map(([what, type, body]) =>
    otherWay(
      'D62',
      `a token request as ${what}`,
      'RFC 6749 §3.2, workers-oauth-provider 0.8.3 (500)',
      typed(type, body),
    ),
  ),
  otherWay(
    'D64',
    'a token request in the address, by GET',
    'RFC 6749 §3.2',
    (form, url) => fetch(`${url}?${form}`),
    [405],
  ),
  otherWay('D64', 'a token request in the address, by POST', 'RFC 6749 §3.2', (form, url) =>
    fetch(`${url}?${form}`, { method: 'POST', body: new URLSearchParams() }),
  ),
  otherWay('D64', 'the code in the address, the rest in the body', 'RFC 6749 §3.2', (form, url) => {
    const code = form.get('code') ?? ''
    form.delete('code')
    return fetch(`${url}?code=${code}`, { method: 'POST', body: form })
  }),
  ...['PUT', 'PATCH', 'DELETE'].map((method) =>
    otherWay(
      'D64',
      `a token request by ${method}`,
      'RFC 6749 §3.2',
      (form, url) => fetch(url, { method, body: form }),
      [405],
    ),
  ),
  otherWay(
    'D64',
    'a token request of 2 MB',
    'OWASP ASVS 4.3.1',
    (form, url) => {
      form.set('state', 'x'.repeat(2_000_000))
      return fetch(url, { method: 'POST', body: form })
    },
    [400, 413],
  ),
  otherWay(
    'D64',
    'a token request with 20,000 further fields',
    'OWASP ASVS 4.3.1 (HashDoS, CVE-2026-21717)',
    (form, url) => {
      for (let index = 0; index < 20_000; index += 1) form.append(`k${index}`, '')
      return fetch(url, { method: 'POST', body: form })
    },
    [400, 413],
  ),
]
