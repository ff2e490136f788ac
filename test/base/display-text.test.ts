import { describe, expect, it } from '@jest/globals'
import { displayLink, displayText } from '../../src/base/display-text.js'

describe('text from strangers, made fit to be shown', () => {
  it.each([
    ['collapses blanks and line breaks', '  a \t\n\u2028 b\u00a0c ', 'a b c'],
    ['strips control characters', 'a\u0000b\u001b[31mc', 'a b [31mc'],
    ['strips bidi overrides and isolates', '\u202eabc\u202c\u2066d\u2069\u200f', 'abcd'],
    ['strips zero-width characters', 'Clau\u200bde\ufeff\u2060', 'Claude'],
    ['strips joiners between Latin letters', 'Clau\u200dde', 'Claude'],
    ['composes what a joiner kept apart', 'cl\u200d\u0301', 'c\u013a'],
    ['keeps joiners of emoji', '👩‍👩‍👧', '👩‍👩‍👧'],
    ['keeps joiners of Persian', 'می‌خواهم', 'می‌خواهم'],
    ['strips invisible tags', 'a\u{e0041}\u{e007f}', 'a'],
    ['strips invisible code points that have no character yet', 'a\u{e0002}\u2065\u{e0fff}b', 'ab'],
    ['keeps the form of an emoji', '❤\ufe0f', '❤\ufe0f'],
    ['strips halves of surrogate pairs', 'a\ud800b', 'ab'],
    ['treats fillers as blanks', '\u3164\u115f\u2800', ''],
    ['limits stacked marks', `e${'\u0330'.repeat(50)}`, `\u1e1b${'\u0330'.repeat(4)}`],
    [
      'strips a joiner that the marks before it kept',
      `${'\u0301'.repeat(6)}\u0903\ufe0f\u200d!`,
      `${'\u0301'.repeat(4)}!`,
    ],
    ['shows an endless run of jamo as unreadable', `Sync${'\u1100'.repeat(1_100)}`, 'Sync\ufffd'],
    ['also a short one that lines cannot break', '\u1100'.repeat(40), '\ufffd'],
    ['and a run of Thai letters that join', `\u0e01${'\u0e33'.repeat(50)}!`, '\ufffd!'],
    ['and a run of repha', `${'\u0d4e'.repeat(50)}\u0d15`, '\ufffd'],
    ['and a run of conjuncts', '\u0915\u094d'.repeat(25), '\ufffd'],
    ['keeps the longest syllables', 'कार्त्स्न्य ព្រះ 각 น้ำ', 'कार्त्स्न्य ព្រះ 각 น้ำ'],
    ['keeps the longest emoji', '👩🏽‍❤️‍💋‍👨🏿 👨‍👩‍👧‍👦', '👩🏽‍❤️‍💋‍👨🏿 👨‍👩‍👧‍👦'],
  ])('%s', (_title, value, expected) => {
    expect(displayText(value, 60)).toBe(expected)
  })

  it('cuts between characters as a person counts them', () => {
    expect(displayText('👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧', 2)).toBe('👩‍👩‍👧…')
    expect(displayText('abc', 3)).toBe('abc')
    expect(displayText('abcd', 3)).toBe('ab…')
  })

  it('counts the letters of conjuncts, which may stand side by side', () => {
    const shown = displayText('क्क्क्क '.repeat(60), 40)
    expect(shown.endsWith('…')).toBe(true)
    expect(shown.match(/\p{L}/gu)?.length).toBeLessThanOrEqual(80)
    expect(displayText(shown, 40)).toBe(shown)
  })

  it('does little work on endless input', () => {
    expect(displayText('x'.repeat(10_000_000), 10)).toBe('xxxxxxxxx…')
  })
})

describe('links from strangers', () => {
  it.each(['http://a.example/', 'javascript:alert(1)', 'https://user@a.example/', '//a.example', '', undefined])(
    'refuses %s',
    (value) => {
      expect(displayLink(value)).toBeUndefined()
    },
  )

  it('shows the host as it is resolved, not as it is spelt', () => {
    expect(displayLink('https://EXAMPLE.com/x')).toEqual({ href: 'https://example.com/x', host: 'example.com' })
    expect(displayLink('https://аpple.example/')?.host).toBe('xn--pple-43d.example')
  })
})
