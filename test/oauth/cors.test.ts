import { describe, expect, it } from '@jest/globals'
import { allowedRequestHeaders } from '../../src/oauth/cors.js'

const usual = ['Authorization', 'Content-Type']

describe('request headers that pages may send', () => {
  it('are the usual ones, and what a page asks for besides, each once', () => {
    expect(allowedRequestHeaders(usual, 'content-type, traceparent,baggage , traceparent')).toBe(
      'Authorization, Content-Type, traceparent, baggage',
    )
    expect(allowedRequestHeaders(usual, '')).toBe('Authorization, Content-Type')
  })

  it('are never those by which parts of this software prove who they are', () => {
    expect(allowedRequestHeaders(usual, 'X-Gatehouse-Forwarder, x-gatehouse-probe')).toBe('Authorization, Content-Type')
  })

  it('are names, and no other text of a stranger', () => {
    expect(allowedRequestHeaders(usual, 'x y, a:b, "c", d;e, \u00e4, *')).toBe('Authorization, Content-Type')
    expect(allowedRequestHeaders(usual, `x-${'a'.repeat(200)}`)).toBe('Authorization, Content-Type')
    const many = Array.from({ length: 5_000 }, (_, index) => `x-${index}`).join(',')
    expect(allowedRequestHeaders(usual, many).split(', ')).toHaveLength(62)
  })
})
