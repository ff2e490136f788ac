import { describe, expect, it } from '@jest/globals'
import { excerptOf } from '../../src/notes/excerpt.js'

describe('Excerpts', () => {
  it.each([
    ['the ripe pear', ['pear'], 'the ripe pear'],
    ['one  two\n\nthree', ['three'], 'one two three'],
    ['disappear, then a (pear)', ['pear'], 'disappear, then a (pear)'],
    ['no match in the text', ['title'], 'no match in the text'],
    ['', ['title'], ''],
    ['İİİ istanbul', ['istanbul'], 'İİİ istanbul'],
    ['ΟΔΟΣ', ['οδοσ'], 'ΟΔΟΣ'],
    ['😀 smile 😀', ['smile'], '😀 smile 😀'],
  ])('of %j for %j is %j', (text, words, excerpt) => {
    expect(excerptOf(text, words)).toBe(excerpt)
  })

  it('has some words before the match and about thirty in all', () => {
    const text = Array.from({ length: 200 }, (_, index) => `w${index}`).join(' ')
    expect(excerptOf(text, ['w100']).split(' ')).toEqual(Array.from({ length: 30 }, (_, index) => `w${94 + index}`))
  })

  it('begins at the first of the words, and within a word only if none begins with it', () => {
    const filling = 'lorem ipsum '.repeat(100)
    expect(excerptOf(`${filling}disappear ${filling}pear`, ['pear'])).toMatch(/ pear$/)
    expect(excerptOf(`${filling}disappear ${filling}`, ['pear'])).toContain('disappear')
  })

  it('leaves no half of a surrogate pair', () => {
    for (let shift = 0; shift < 4; shift += 1) {
      expect(excerptOf(`${'x'.repeat(shift)}${'😀'.repeat(2_000)} smile ${'😀'.repeat(2_000)}`, ['smile'])).not.toMatch(
        /\p{Cs}/u,
      )
    }
  })

  it.each(['a', 'aaaaaaaaaaaaaaab', `${'a'.repeat(500)}b`, ' '])(
    'takes no longer for %j in a text of nearly nothing else',
    (word) => {
      const started = performance.now()
      for (const letter of ['a', 'ba', ' ', 'İ', '😀']) {
        const units = excerptOf(letter.repeat(65_536 / letter.length), [word, word, word, word]).length
        expect(units).toBeLessThan(1_400)
      }
      expect(performance.now() - started).toBeLessThan(500)
    },
  )
})
