import { describe, expect, it } from '@jest/globals'
import { parsePageText } from '../../src/pages/page-text.js'

const words = parsePageText(
  JSON.stringify({
    language: 'en',
    direction: 'ltr',
    greet: '{name}, welcome to {place}.',
    days: { one: '{count} day', other: '{count} days' },
  }),
)

describe('the words of the pages', () => {
  it('come as our own words and values, in the order of the language', () => {
    expect(words.sentence('greet', { name: 'Ada', place: '{name}' })).toEqual([
      { value: 'Ada' },
      { words: ', welcome to ' },
      { value: '{name}' },
      { words: '.' },
    ])
  })

  it('follow the plural rules of the language', () => {
    expect(words.counted('days', 1)).toEqual([{ value: '1' }, { words: ' day' }])
    expect(words.counted('days', 30)).toEqual([{ value: '30' }, { words: ' days' }])
  })

  it('are missed loudly, and so are values', () => {
    expect(() => words.text('nothing')).toThrow('no text named nothing')
    expect(() => words.sentence('greet', { name: 'Ada' })).toThrow('needs a value for place')
    expect(words.hasText('nothing')).toBe(false)
  })

  it('hold text and nothing else', () => {
    expect(() => parsePageText('{"a":{"b":1}}')).toThrow('other than text at a.b')
  })
})
