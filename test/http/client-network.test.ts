import { describe, expect, it } from '@jest/globals'
import { clientNetwork, clientNetworks } from '../../src/http/client-network.js'

describe('The networks of an address', () => {
  it('are the /64, /56 and /48 of an IPv6 address, in one spelling, with 1, 4 and 16 times the limit', () => {
    const networks = [
      { network: '2001:db8:0:12ff::/64', times: 1 },
      { network: '2001:db8:0:1200::/56', times: 4 },
      { network: '2001:db8:0:0::/48', times: 16 },
    ]
    for (const spelling of [
      '2001:db8:0:12ff::1',
      '2001:DB8::12FF:0:0:0:1',
      '2001:0db8:0000:12ff:ffff:ffff:ffff:ffff',
      '2001:db8:0:12ff::192.0.2.1',
      '2001:db8:0:12ff::1%eth0',
    ]) {
      expect([spelling, clientNetworks(spelling)]).toEqual([spelling, networks])
    }
  })

  it.each([
    ['as it is', '192.0.2.33'],
    ['mapped', '::ffff:192.0.2.33'],
    ['mapped, in hexadecimal', '::ffff:c000:221'],
    ['mapped, in full', '0:0:0:0:0:FFFF:c000:0221'],
    ['translated (NAT64)', '64:ff9b::192.0.2.33'],
    ['translated (NAT64), in hexadecimal', '64:ff9b::c000:221'],
    ['translated in a network of its own (RFC 8215)', '64:ff9b:1::c000:221'],
    ['6to4', '2002:c000:221::1'],
    ['6to4, another host', '2002:c000:0221:ffff::abcd'],
  ])('of an IPv4 address %s are that address', (_name, address) => {
    expect(clientNetworks(address)).toEqual([{ network: '192.0.2.33', times: 1 }])
  })

  it('of anything else are what is written', () => {
    for (const text of ['', 'unknown', '192.0.2', '::g']) expect(clientNetwork(text)).toBe(text)
  })

  it('never take an ordinary address for an embedded one', () => {
    for (const address of ['::1', '::ffff:0:1:2', '64:ff9a::1', '2003:c000:221::1', 'fe80::1', '64:ff9b:2::c000:221']) {
      expect(clientNetworks(address)).toHaveLength(3)
    }
  })
})
