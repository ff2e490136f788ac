import { describe, expect, it } from '@jest/globals'
import { allowedOrigin, createOriginList } from '../../src/oauth/web-origin.js'

describe('an origin that an operator may allow', () => {
  it.each([
    'https://app.example.com',
    'https://app.example.com:8443',
    'http://localhost:3000',
    'https://[2001:db8::1]',
    'chrome-extension://gppongmhjkpfnbhagpmjfkannfbllamg',
    'moz-extension://0a1b2c3d-0000-4000-8000-0123456789ab',
    'moz-extension://*',
    'vscode-webview://*',
    'tauri://localhost',
    'app://obsidian.md',
    'app://.',
    'capacitor://localhost:8080',
  ])('is %s', (origin) => {
    expect(allowedOrigin(origin)).toBe(origin)
  })

  it.each([
    ['https://*', /must name hosts/],
    ['http://*', /must name hosts/],
    ['HTTPS://*', /must name hosts/],
    ['https://*.example.com', /must list origins/],
    ['https://app.example.com/', /must list origins/],
    ['https://App.example.com', /must list origins/],
    ['https://app.example.com:443', /must list origins/],
    ['app.example.com', /must list origins/],
    ['*', /must list origins/],
    ['*://*', /must list origins/],
    ['vscode-webview://', /must list origins/],
    ['vscode-webview://host/path', /must list origins/],
    ['vscode-webview://user@host', /must list origins/],
    ['chrome-extension://a*', /must list origins/],
    ['null', /every sandboxed page/],
    ['file://*', /no page sends/],
    ['file://localhost', /no page sends/],
    ['ws://localhost', /no page sends/],
    ['javascript://*', /no page sends/],
  ])('is not %s', (origin, why) => {
    expect(() => allowedOrigin(origin)).toThrow(why)
  })
})

describe('the list of origins that may call', () => {
  const isAllowed = createOriginList([
    'https://app.example.com',
    'vscode-webview://*',
    'app://obsidian.md',
    'https://*',
  ])

  it.each(['https://app.example.com', 'HTTPS://APP.example.com', 'vscode-webview://0a1b', 'VSCODE-WEBVIEW://x'])(
    'takes %s',
    (origin) => {
      expect(isAllowed(origin)).toBe(true)
    },
  )

  it.each([
    'https://evil.example',
    'https://app.example.com.evil.example',
    'https://*',
    'vscode-webview://*',
    'vscode-webview://',
    'vscode-webview://a/b',
    'vscode-webview-evil://a',
    'evil-vscode-webview://a',
    'app://evil.md',
    'null',
    '',
  ])('refuses %p', (origin) => {
    expect(isAllowed(origin)).toBe(false)
  })
})
