/**
 * Which passwords may be chosen (NIST SP 800-63B-4 §3.1.1.2): at least 15 characters, any characters, no composition rules, no
 * expiry, and nothing that attackers try first. Says nothing about passwords that leaked elsewhere: nobody is asked over the network.
 */

import { maximumPasswordBytes } from '../login/passwords.js'
import { commonWords } from './common-words.js'

export interface PasswordContext {
  readonly email?: string
  readonly productName?: string
}

export const minimumPasswordLength = 15

/** Characters that must be left when everything predictable is taken away. */
const minimumUnpredictable = 8

const keyboardRuns = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  'qwertyuiop',
  'qwertzuiop',
  'azertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  '1q2w3e4r5t6y7u8i9o0p',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
  '!@#$%^&*()_+',
].flatMap((run) => [run, [...run].reverse().join('')])

const shortestRun = 4

const lookalikes: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '8': 'b',
  '@': 'a',
  $: 's',
  '!': 'i',
}

/** The unit of a password that is one unit again and again; the whole of any other. */
function repeatedUnit(text: string): string {
  return /^(.+?)\1+$/su.exec(text)?.[1] ?? text
}

function withoutRepetition(text: string): string {
  return text.replace(/(.)\1+/gu, '$1').replace(/(.{2,}?)\1+/gu, '$1')
}

function withoutRuns(text: string): string {
  let left = ''
  for (let start = 0; start < text.length; ) {
    let end = start + shortestRun
    const isRun = () => end <= text.length && keyboardRuns.some((run) => run.includes(text.slice(start, end)))
    while (isRun()) end += 1
    const found = end - 1 - start
    if (found < shortestRun) left += text[start]
    start += found < shortestRun ? 1 : found
  }
  return left.replace(/(19|20)\d\d/g, '')
}

function withoutWords(text: string, words: readonly string[]): string {
  return words.reduce((left, word) => left.replaceAll(word, ''), text)
}

/** Names an attacker knows: of the person, of the service. */
function contextWords({ email = '', productName = '' }: PasswordContext): string[] {
  const [mailbox = '', domain = ''] = email.toLowerCase().split('@')
  const names = [
    mailbox,
    domain,
    ...`${mailbox}.${domain}.${productName.toLowerCase()}.gatehouse`.split(/[^\p{L}\p{N}]+/u),
  ]
  return [...new Set([...names, productName.toLowerCase().replace(/\s+/g, '')])]
    .filter((name) => name.length >= 4)
    .sort((a, b) => b.length - a.length)
}

type Reduction = (text: string) => string

/** True when too little is left of the password, read as it stands or with lookalike digits taken for letters. */
function isReducedBy(password: string, ...reductions: readonly Reduction[]): boolean {
  const plain = password.normalize('NFKC').toLowerCase().replace(/\s+/g, '')
  const undone = [...plain].map((character) => lookalikes[character] ?? character).join('')
  return [plain, undone].some(
    (text) => [...reductions.reduce((left, reduce) => reduce(left), text)].length < minimumUnpredictable,
  )
}

/** Why a password may not be chosen; `setUp.weakness` of the pages' words says each in a sentence. */
export type Weakness = 'too-long' | 'too-short' | 'sequence' | 'repetition' | 'common' | 'known-names'

/** Why this password may not be chosen; empty when it may. */
export function weaknesses(password: string, context: PasswordContext = {}): Weakness[] {
  const normalized = password.normalize('NFC')
  if (Buffer.byteLength(normalized) > maximumPasswordBytes) return ['too-long']
  if ([...normalized].length < minimumPasswordLength) return ['too-short']
  const names: Reduction = (text) => withoutWords(text, contextWords(context))
  const common: Reduction = (text) => withoutWords(text, commonWords)
  if (isReducedBy(normalized, withoutRuns)) {
    return ['sequence']
  }
  if ([...repeatedUnit(normalized)].length < minimumPasswordLength || isReducedBy(normalized, withoutRepetition)) {
    return ['repetition']
  }
  if (isReducedBy(normalized, common, withoutRuns, withoutRepetition)) {
    return ['common']
  }
  if (isReducedBy(normalized, names, common, withoutRuns, withoutRepetition)) {
    return ['known-names']
  }
  return []
}
