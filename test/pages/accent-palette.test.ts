import { describe, expect, it } from '@jest/globals'
import { accentPalette, contrast } from '../../src/pages/accent-palette.js'

const grounds = { light: '#f4f5f7', dark: '#232931' }

describe('contrast of the accent (WCAG 2.2 §1.4.3)', () => {
  it('is measured as WCAG defines it', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5)
    expect(contrast('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  })

  it.each([
    '#0b5cad',
    '#ffd400',
    '#ffffff',
    '#000000',
    '#767676',
    '#ff0000',
    '#00ff00',
    '#0000ff',
    '#8a2be2',
    '#808080',
  ])('of %s is at least 4.5 in both themes, on buttons and as text', (accent) => {
    const { light, dark } = accentPalette(accent, grounds)
    for (const { fill, fillHover, onFill } of [light, dark]) {
      expect(contrast(fill, onFill)).toBeGreaterThanOrEqual(4.5)
      expect(contrast(fillHover, onFill)).toBeGreaterThanOrEqual(4.5)
    }
    expect(contrast(light.ink, grounds.light)).toBeGreaterThanOrEqual(4.5)
    expect(contrast(dark.ink, grounds.dark)).toBeGreaterThanOrEqual(4.5)
  })

  it('leaves a readable accent as it was chosen', () => {
    expect(accentPalette('#0b5cad', grounds).light.fill).toBe('#0b5cad')
  })
})
