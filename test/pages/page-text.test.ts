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

  it('put a list, a number and a day as the language does', () => {
    const arabic = parsePageText('{"language":"ar","direction":"rtl","days":{"few":"{count} أيام"}}')
    const german = parsePageText('{"language":"de","direction":"ltr"}')
    const noon = new Date('2026-12-01T12:05:00Z')
    expect([words, german, arabic].map((each) => each.plain(each.list(['a', 'b', 'c'])))).toEqual([
      'a, b, c',
      'a, b und c',
      '\u2068a\u2069 و\u2068b\u2069 و\u2068c\u2069',
    ])
    expect(words.counted('days', 1_234)).toContainEqual({ value: '1,234' })
    expect(arabic.plain(arabic.counted('days', 3))).toBe('\u20683\u2069 أيام')
    expect([words, german, arabic].map((each) => each.date(noon))).toEqual([
      'December 1, 2026',
      '1. Dezember 2026',
      '1 ديسمبر 2026',
    ])
    expect(words.moment(noon).replaceAll('\u202f', ' ')).toBe('December 1, 2026 at 12:05 PM UTC')
    expect(german.moment(noon)).toBe('1. Dezember 2026 um 12:05 UTC')
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
