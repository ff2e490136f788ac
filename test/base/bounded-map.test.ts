import { describe, expect, it } from '@jest/globals'
import { BoundedMap } from '../../src/base/bounded-map.js'

describe('A bounded map', () => {
  it('drops what was least recently used', () => {
    const map = new BoundedMap<number>(2)
    map.set('a', 1)
    map.set('b', 2)
    expect(map.get('a')).toBe(1)
    map.set('c', 3)
    expect([map.get('a'), map.get('b'), map.get('c'), map.size]).toEqual([1, undefined, 3, 2])
    map.set('a', 4)
    map.delete('c')
    expect([map.get('a'), map.get('c'), map.size]).toEqual([4, undefined, 1])
  })
})
