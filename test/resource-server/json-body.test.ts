/** What a JSON body may hold: judged before it is parsed, because parsing is what costs. */
import { describe, expect, it } from '@jest/globals'
import { readJsonBody } from '../../src/resource-server/json-body.js'

async function* bytesOf(text: string) {
  yield Buffer.from(text)
}
const read = (text: string, limits = {}) => readJsonBody(bytesOf(text), undefined, limits)
const list = (count: number, value: string) => `[${Array(count).fill(value).join(',')}]`

describe('A JSON body', () => {
  it.each([
    ['empty objects', '{}'],
    ['numbers', '1'],
    ['empty lists', '[]'],
    ['members', '{"a":1}'],
  ])('of very many %s is malformed', async (_what, value) => {
    expect(await read(list(50_001, value))).toEqual({ malformed: 'the request body holds too many values' })
    expect(await read(list(20_000, value))).toHaveProperty('json')
  })

  it('of one object with very many members is malformed', async () => {
    const members = Array.from({ length: 60_000 }, (_, at) => `"k${at}":0`).join(',')
    expect(await read(`{"params":{${members}}}`)).toEqual({ malformed: 'the request body holds too many values' })
  })

  it('may have a text of any signs', async () => {
    const text = `${'[{,"\\\\'.repeat(20_000)}\\"`
    expect(await read(JSON.stringify({ text }))).toEqual({ json: { text } })
    expect(await read('{"a\\"[[[":"\\\\","b":[",,,"]}', { maxValues: 4, maxDepth: 1 })).toHaveProperty('json')
  })

  it('nests no deeper than it may, in lists and objects alike', async () => {
    const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`
    expect(await read(nested(64))).toHaveProperty('json')
    expect(await read(nested(66))).toEqual({ malformed: 'the request body is nested too deeply' })
    expect(await read(`[${list(3, '[1]')},${list(3, '[2]')}]`, { maxDepth: 2 })).toHaveProperty('json')
  })

  it('of unbalanced brackets is no JSON', async () => {
    for (const text of ['[', ']]]', '{"a":[}', '"', '"\\'])
      expect(await read(text)).toEqual({ malformed: 'the request body is not valid JSON' })
  })
})
