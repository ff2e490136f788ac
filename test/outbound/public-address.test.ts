import { describe, expect, it } from '@jest/globals'
import { isPublicAddress } from '../../src/outbound/public-address.js'

/** One row per word, for long tables. */
function words(text: string): string[] {
  return text.trim().split(/\s+/)
}

describe('Public addresses (RFC 6890)', () => {
  it.each(['8.8.8.8', '1.1.1.1', '93.184.216.34', '2606:4700::1111', '2a00:1450:4001::200e'])(
    '%s is one',
    (address) => {
      expect(isPublicAddress(address)).toBe(true)
    },
  )

  it.each(
    words(`
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
    172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.19.255.255 198.51.100.1
    203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255 :: ::1 ::127.0.0.1 ::7f00:1 ::8.8.8.8
    ::ffff:127.0.0.1 ::ffff:7f00:1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
    64:ff9b:1::1 100::1 2001::1 2001:db8::1 2001:10::1 2002:7f00:1:: 2002:a00:1::1 3fff::1 4000::1
    5f00::1 fc00::1 fd12:3456::1 fe80::1 fe80::1%lo febf::1 fec0::1 ff02::1 1::1 localhost 127.1
    2130706433 [::1]`),
  )('%j is none', (address) => expect(isPublicAddress(address)).toBe(false))

  it('is none that is empty', () => expect(isPublicAddress('')).toBe(false))
})
