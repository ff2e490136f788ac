import { describe, expect, it } from '@jest/globals'
import { weaknesses } from '../../../src/authorization-server/accounts/password-rules.js'
import { inEnglish } from '../../../src/authorization-server/accounts/weakness-words.js'
import { cpuMilliseconds } from '../../support/cpu-time.js'

const context = { email: 'margarethe.hollund@example.org', productName: 'Acme Workspace' }

describe('Password rules (NIST SP 800-63B-4 §3.1.1.2)', () => {
  it.each([
    ['a random string', 'xK9v-Tq2m_Wz7rLp'],
    ['a passphrase', 'velvet harbour quarrel onion'],
    ['a passphrase with a common word in it', 'monkey harbour quarrel velvet'],
    ['lower case only', 'quarrelvelvetharbour'],
    ['spaces and emoji', 'der Mond 🌙 hinkt über Teller'],
    ['another script', 'ёжик бежал через туман'],
    ['64 characters', 'vGnT-lampe-hafen-wolle-quitte-segel-butter-kante-tasse-fuchs-471'],
    ['1024 bytes', `${'quarrel velvet harbour onion '.repeat(35)}${'kettle'.repeat(2)}`.slice(0, 1024)],
  ])('allows %s', (_name, password) => {
    expect(weaknesses(password, context)).toEqual([])
  })

  it.each([
    ['14 characters', 'xK9v-Tq2m_Wz7r', /at least 15/],
    ['14 characters that are 15 UTF-16 units', 'xK9v-Tq2m_Wz7🌙', /at least 15/],
    ['decomposed accents that compose to 14', 'xK9v-Tq2m_Wz7e\u0301', /at least 15/],
    ['more than 1024 bytes', 'ü'.repeat(513), /fewer/],
    ['one character', 'a'.repeat(20), /repeats/],
    ['one word again and again', 'zugzwangzugzwang', /repeats/],
    ['a short unit again and again', 'x7!x7!x7!x7!x7!', /repeats/],
    ['a count', '12345678901234567890', /count/],
    ['the keyboard', 'qwertyuiopasdfghjkl', /keyboard/],
    ['the keyboard backwards, with a year', 'lkjhgfdsapoiuytrewq2024', /keyboard/],
    ['columns of the keyboard', '1qaz2wsx3edc4rfv', /keyboard/],
    ['the mailbox', 'margarethe.hollund1', /email address/],
    ['the whole email', 'margarethe.hollund@example.org', /email address/],
    ['the product', 'AcmeWorkspace2026!', /name of this service/],
    ['our own name', 'GatehouseGatehouse1', /name of this service/],
    ['a common word padded', 'Password123456789!', /first that attackers/],
    ['common words put together', 'iloveyou-sunshine-2024', /first that attackers/],
    ['lookalike digits', 'P@ssw0rdP@$$w0rd1', /first that attackers/],
    ['a famous passphrase', 'correct horse battery staple', /first that attackers/],
    ['a season and a year', 'Summer2025!Winter2026!', /first that attackers/],
  ])('refuses %s', (_name, password, reason) => {
    expect(weaknesses(password, context).map(inEnglish)).toEqual([expect.stringMatching(reason)])
  })

  it('answers quickly for the longest input', async () => {
    for (const password of ['ab'.repeat(500), 'abcdefg'.repeat(140), `${'ab1'.repeat(340)}x`, 'a1b2c3d4'.repeat(127)]) {
      expect(await cpuMilliseconds(() => weaknesses(password, context))).toBeLessThan(200)
    }
  })
})
