import { describe, expect, it } from '@jest/globals'
import { haveOneOwner, sharedHost } from '../../../src/authorization-server/clients/host-owners.js'
import { mixesScripts } from '../../../src/authorization-server/clients/name-skeleton.js'
import { ownNames, warningAbout } from '../../../src/authorization-server/clients/name-warnings.js'
import { cpuMilliseconds } from '../../support/cpu-time.js'

const own = ownNames({
  productName: 'Acme Vault',
  issuer: 'https://auth.acme.co.uk',
  resources: [{ name: 'Notes', url: 'https://mcp.acme.co.uk/mcp' }],
})

const claude = { kind: 'product', name: 'Claude' }
const vault = { kind: 'operator', name: 'Acme Vault' }
const notes = { kind: 'operator', name: 'Notes' }

describe('Names that could be mistaken for another (UTS #39 §4)', () => {
  it.each<[string, string, unknown]>([
    ['Lisu capitals', 'ꓚꓡaude Code', claude],
    ['a Greek capital', 'Ϲlaude Code', claude],
    ['a Cherokee capital', 'Ꮯlaude Code', claude],
    ['a small Cherokee letter', 'ꮯlaude Code', claude],
    ['Canadian syllabics', 'ᑕᒪᗩᑌᗪᗴ ᑕode', claude],
    ['Canadian syllabics of another build', 'ᙅᒪᗩᑘᗪᕮ', claude],
    ['Canadian syllabics with Greek triangles', 'ᑕᒪΔᑌᗪᘿ', claude],
    ['a product in Canadian syllabics', 'ᕵᓍᔕᖶᘻᗩᘉ', { kind: 'product', name: 'Postman' }],
    ['a name of another language in Canadian syllabics', 'ᐃᓄᒃᑎᑐᑦ', undefined],
    ['a Coptic capital', 'Ⲥlaude Code', claude],
    ['a Roman numeral', 'Ⅽlaude Code', claude],
    ['mathematical letters', '𝗖𝗹𝗮𝘂𝗱𝗲', claude],
    ['circled letters', 'Ⓒⓛⓐⓤⓓⓔ', claude],
    ['white letters on black', '🅲🅻🅰🆄🅳🅴', claude],
    ['regional indicators', '🇨🇱🇦🇺🇩🇪', claude],
    ['a Deseret letter', '𐐕laude', claude],
    ['combining marks', 'C\u0336l\u0336a\u0336u\u0336d\u0336e\u0336', claude],
    ['invisible letters', 'Cla\u200bu\u2060d\u00ade', claude],
    ['a right-to-left override', '\u202eClaude', claude],
    ['digits', 'C14ud3', claude],
    ['the operator’s name', 'Acme Vault', vault],
    ['the operator’s name with more', 'Acme Vault Account Security', vault],
    ['the operator’s name in Greek capitals', 'ΑϹΜΕ Vault', vault],
    ['the operator’s name in one word', 'acme-vault-login', vault],
    ['the resource’s name', 'Notes', notes],
    ['the resource’s name in Cyrillic', 'Nоtеs', notes],
    ['the resource’s name with words that add nothing', 'The Notes MCP Server', notes],
    ['an office', 'Account Security', { kind: 'word', word: 'security' }],
    ['an office in another script', 'Ѕuррort desk', { kind: 'word', word: 'support' }],
    ['an office with a digit', 'Adm1n console', { kind: 'word', word: 'admin' }],
    ['a word in two scripts', 'Pаperclip', { kind: 'mixed-scripts' }],
    ['a letter wrong', 'Cloude Code', claude],
    ['a letter missing', 'Claud Code', claude],
    ['letters swapped', 'Cluade', claude],
    ['a host of the operator’s', 'auth.acme.co.uk', { kind: 'operator', name: 'auth.acme.co.uk' }],
    ['the operator’s domain', 'acme.co.uk sign-in', { kind: 'operator', name: 'acme.co.uk' }],
    ['an office in two words', 'Password Reset', { kind: 'word', word: 'password' }],
    ['an office in German', 'Konto-Sicherheit', { kind: 'word', word: 'sicherheit' }],
    ['an office in French, with accents', 'Sécurité du compte', { kind: 'word', word: 'securite' }],
    ['an office in Russian', 'Служба: Безопасность', { kind: 'word', word: 'безопасность' }],
    ['an office in Japanese', 'セキュリティ センター', { kind: 'word', word: 'セキュリティ' }],
    ['an office in Arabic', 'مركز الأمان', { kind: 'word', word: 'الأمان' }],
    ['a product that is a plain word', 'Goose', { kind: 'product', name: 'goose' }],
    ['a product that is a plain word, with a filler', 'Zed MCP Client', { kind: 'product', name: 'Zed' }],
    ['a plain word among others', 'Mother Goose tales', undefined],
    ['a word one letter away from a product’s', 'OpenAPI explorer', undefined],
    ['an office for codes', 'Two-step codes', { kind: 'word', word: 'twostep' }],
    ['a product with a sign behind it', 'Slack!', { kind: 'product', name: 'Slack' }],
    ['a product behind signs', '¡!Apple', { kind: 'product', name: 'Apple' }],
    ['a product with a sign of its own', 'Zoom |', { kind: 'product', name: 'Zoom' }],
    ['a product with a sum', 'Notion +', { kind: 'product', name: 'Notion' }],
    ['a sign for a letter, and another one behind', '$lack!', { kind: 'product', name: 'Slack' }],
    ['a product with a digit behind it', 'Zoom5', { kind: 'product', name: 'Zoom' }],
    ['the resource’s name with a sign', 'Notes!', notes],
    ['the operator’s domain with a sign', 'Acme!', { kind: 'operator', name: 'acme.co.uk' }],
    ['letters with strokes', 'ȻŁȺɄĐɆ', claude],
    ['signs of money', '₵Ⱡ₳ɄĐɆ', claude],
    ['letters with hooks', 'ƈƖąųɖɛ', claude],
    ['letters with hooks, of which some are others elsewhere', 'ƈɧąɬɠ℘ɬ', { kind: 'product', name: 'ChatGPT' }],
    ['Latin letters of other languages', '¢låµÐê', claude],
    ['Chinese look-alikes', '匚ㄥ卂ㄩᗪ乇', claude],
    ['kana look-alikes', 'ᄃﾚﾑひり乇', claude],
    ['Yi letters', 'ꉓ꒒ꍏꀎꀸꍟ', claude],
    ['Tai letters', 'ᥴꪶꪖꪊᦔꫀ', claude],
    ['Cherokee and Ethiopic letters', 'ፈᏝᏗᏬᎴᏋ', claude],
    ['Thai and Arabic letters', 'ƈɭคપɗﻉ', claude],
    ['letters upside down, read from the left', 'ɔlɐnpǝ', claude],
    ['letters upside down, with the page turned', 'ǝpnɐlɔ', claude],
    ['an office in letters with hooks', 'ʂɛƈųཞıɬყ', { kind: 'word', word: 'security' }],
    ['a Japanese name of some of these letters', 'のりんひムズ', undefined],
    ['a Chinese name with some of these letters', '山乙刀具', undefined],
    ['a Thai name', 'บันทึกของฉัน', undefined],
    ['a Hebrew name', 'הפתקים שלי', undefined],
    ['a Russian name', 'Мои Заметки', undefined],
    ['a Polish name', 'Żółw Łódź', undefined],
    ['a Vietnamese name', 'Ghi chú của Đặng', undefined],
    ['a Yi name', 'ꆈꌠꉙ', undefined],
    ['a short word', 'Dude', undefined],
    ['a plain name', 'Paperclip', undefined],
    ['a name with the resource’s in it', 'Field notes', undefined],
    ['a word that contains another', 'Badminton Accounting', undefined],
    ['a Japanese name', '議事録メーカー for Teams', undefined],
    ['words of two scripts', 'Wiki для команды', undefined],
    ['nothing', '', undefined],
  ])('%s', (_what, name, expected) => expect(warningAbout(name, own)).toEqual(expected))

  it.each<[string, string, unknown]>([
    ['Claude', 'claude.ai', undefined],
    ['Claude', 'ada.github.io', claude],
    ['GitHub Copilot', 'gist.github.com', { kind: 'product', name: 'GitHub Copilot' }],
    ['Google Sheets', 'sites.google.com', { kind: 'product', name: 'Google' }],
    ['Acme Vault', 'apps.acme.co.uk', undefined],
    ['Acme Vault Support', 'acme.co.uk.evil.example', vault],
    ['Acme Vault', 'evil.co.uk', vault],
    ['Account Security', 'evil.example', { kind: 'word', word: 'security' }],
    ['Paperclip', 'claude.ai.evil.example', claude],
    ['Paperclip', 'claude-ai.example', claude],
    ['Paperclip', 'auth.acme.co.uk.evil.example', { kind: 'operator', name: 'auth.acme.co.uk' }],
    ['Paperclip', 'paperclip.example', undefined],
    ['Sheets', 'apps.google.com', undefined],
  ])('%s, by a document on %s', (name, host, expected) => expect(warningAbout(name, own, host)).toEqual(expected))

  it('folds names and protected words once, however many pages show them', async () => {
    const spellings = ['Paperclip', 'ᑕᒪᗩᑌᗪᗴ ᑕode', 'Quarterly Planner of the Northern Regions']
    for (const name of spellings) warningAbout(name, own, 'paperclip.example')
    const again = () => {
      for (let pages = 0; pages < 300; pages += 1) warningAbout(spellings[pages % 3] ?? '', own, 'paperclip.example')
    }
    // Folded for each page they took six times as long.
    expect(await cpuMilliseconds(again)).toBeLessThan(1_200)
  })

  it.each([
    ['syllables of several code points', 'क्क '.repeat(30)],
    ['letters beyond the basic plane', '𝗖𝗹 '.repeat(26)],
    ['signs for letters', 'a!'.repeat(40)],
    ['letters of fancy alphabets', 'ꍏꌃꉓꀸꍟ '.repeat(16)],
  ])('folds a name of %s once, however many protected words it is compared with', async (_what, letters) => {
    warningAbout(`${letters}0`, own)
    const judge = () => {
      for (let round = 1; round <= 100; round += 1) warningAbout(`${round} ${letters}`, own)
    }
    // Of a machine that is three times slower than usual. Folded again for each protected word it took 1,500.
    expect(await cpuMilliseconds(judge)).toBeLessThan(600)
  })

  it('judges a long name in little time', async () => {
    expect(await cpuMilliseconds(() => warningAbout('ꓚ\u0301'.repeat(500_000), own))).toBeLessThan(2_000)
  })
})

describe('Scripts in one word (UTS #39 §5.1)', () => {
  it.each([
    ['Cаlendar', true],
    ['Ωmega', true],
    ['Календарь', false],
    ['Café Zürich', false],
    ['한글Notes', false],
    ['µService 2', false],
  ])('%s: %s', (name, mixed) => expect(mixesScripts(name)).toBe(mixed))
})

describe('Hosts that anyone can be a tenant of (Public Suffix List, private section)', () => {
  it.each([
    ['ada.github.io', 'github.io'],
    ['app.vercel.app', 'vercel.app'],
    ['app.pages.dev', 'pages.dev'],
    ['app.netlify.app', 'netlify.app'],
    ['app.web.app', 'web.app'],
    ['app.ada.workers.dev', 'workers.dev'],
    ['1234.ngrok-free.app', 'ngrok-free.app'],
    ['raw.githubusercontent.com', 'githubusercontent.com'],
    ['cdn.jsdelivr.net', 'jsdelivr.net'],
    ['github.io', 'github.io'],
    ['x.app.github.dev', 'github.dev'],
    ['f000.backblazeb2.com', 'backblazeb2.com'],
    ['web.archive.org', 'archive.org'],
    ['x.atlassian.net', 'atlassian.net'],
    ['10-0-0-1.nip.io', 'nip.io'],
    ['co.uk', 'co.uk'],
    ['claude.ai', undefined],
    ['example.co.uk', undefined],
    ['localhost', undefined],
    ['127.0.0.1', undefined],
    ['res.cloudinary.com', 'res.cloudinary.com'],
    ['run.mocky.io', 'mocky.io'],
    ['jsonkeeper.com', 'jsonkeeper.com'],
    ['ucarecdn.com', 'ucarecdn.com'],
    ['anyone.itch.io', 'itch.io'],
    ['www.jsdelivr.com', 'jsdelivr.com'],
    ['registry.npmjs.org', 'registry.npmjs.org'],
    ['cloudinary.com', undefined],
    ['npmjs.org', undefined],
  ])('%s: %s', (host, shared) => expect(sharedHost(host)).toBe(shared))

  it.each([
    ['auth.example.com', 'mcp.example.com', true],
    ['a.co.uk', 'b.co.uk', false],
    ['ada.github.io', 'bob.github.io', false],
    ['localhost', 'localhost', true],
    ['localhost', '127.0.0.1', false],
  ])('%s and %s have one owner: %s', (one, other, same) => expect(haveOneOwner(one, other)).toBe(same))
})
