/** `gatehouse views preview`: the pages as files. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { samplePages } from '../../src/cli/page-samples/sample-pages.js'
import { temporaryFolder } from '../support/run-folder.js'
import { runCli } from './terminal.js'

const settings = { PRODUCT_NAME: 'Acme', TERMS_URL: 'https://acme.example/terms' }

function pagesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.html'))
}

describe('views preview', () => {
  it('writes every page with its samples, in every language, with the operator’s brand', async () => {
    const folder = join(temporaryFolder('preview'), 'new', 'pages')
    const logo = join(temporaryFolder('logo'), 'logo.svg')
    writeFileSync(logo, '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1z"/></svg>')
    const { exitCode, stdout } = await runCli(['views', 'preview', folder], { ...settings, LOGO_FILE: logo })
    const calm = samplePages.filter(({ sample }) => !sample.includes('hostile '))
    expect([exitCode, stdout]).toEqual([
      0,
      `Wrote ${calm.length} pages in 3 languages (en, ar, de).\nOpen ${join(folder, 'index.html')}\n`,
    ])
    expect(pagesIn(folder)).toHaveLength(3 * calm.length + 1)
    const german = readFileSync(join(folder, 'de', 'consent-verified.html'), 'utf8')
    expect(german).toContain('<html lang="de" dir="ltr">')
    expect(german).toContain('Nutzungsbedingungen')
    expect(german).toContain('<bdi>Acme</bdi>')
    expect(readFileSync(join(folder, 'ar', 'sign-in-first.html'), 'utf8')).toContain('<html lang="ar" dir="rtl">')
  })

  it('writes pages that open without a server: all that they load is in the folder, and none leaves by itself', async () => {
    const folder = temporaryFolder('preview')
    await runCli(['views', 'preview', folder], settings)
    for (const file of pagesIn(folder)) {
      const html = readFileSync(join(folder, file), 'utf8')
      const loaded = [...html.matchAll(/<(?:link|img)[^>]*(?:href|src)="([^"]+)"/g)].map(([, target = '']) => target)
      expect([file, loaded.length]).not.toEqual([file, 0])
      for (const target of loaded)
        expect([file, target, existsSync(join(folder, dirname(file), target))]).toContain(true)
      expect([file, html]).toEqual([file, expect.not.stringContaining('.forms[0].submit()')])
    }
    const index = readFileSync(join(folder, 'index.html'), 'utf8')
    const linked = [...index.matchAll(/<a href="([^"]+)"/g)].map(([, target = '']) => decodeURIComponent(target))
    expect(linked.sort()).toEqual(
      pagesIn(folder)
        .filter((file) => file !== 'index.html')
        .sort(),
    )
  })

  it('replaces an earlier preview, and nothing else', async () => {
    const folder = temporaryFolder('preview')
    await runCli(['views', 'preview', folder], settings)
    writeFileSync(join(folder, 'en', 'gone.html'), 'of an earlier release')
    expect((await runCli(['views', 'preview', folder], settings)).exitCode).toBe(0)
    expect(existsSync(join(folder, 'en', 'gone.html'))).toBe(false)
    const others = temporaryFolder('others')
    writeFileSync(join(others, 'index.html'), '<p>mine</p>')
    const { exitCode, stderr } = await runCli(['views', 'preview', others], settings)
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('holds something else')])
    expect(readdirSync(others)).toEqual(['index.html'])
  })

  it('says how it is called, and what is wrong with the logo', async () => {
    for (const args of [[], ['preview'], ['show', 'x'], ['preview', 'x', 'y']])
      expect((await runCli(['views', ...args], settings)).exitCode).toBe(2)
    const folder = temporaryFolder('preview')
    const { exitCode, stderr } = await runCli(['views', 'preview', folder], { LOGO_FILE: '/nowhere/logo.png' })
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('LOGO_FILE cannot be read')])
    expect(readdirSync(folder)).toEqual([])
  })
})
