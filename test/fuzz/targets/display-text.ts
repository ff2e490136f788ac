/** Text of strangers on our pages, and names that look like other names. */

import { resembles, skeletonsOf } from '../../../src/authorization-server/clients/name-skeleton.js'
import { warningAbout } from '../../../src/authorization-server/clients/name-warnings.js'
import { displayLink, displayText } from '../../../src/base/display-text.js'
import { loggedPath } from '../../../src/http/request-log.js'
import { type FuzzTarget, insist, insistEqual, textOf } from '../target.js'

const longest = 80
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const own = { product: 'Gatehouse', resources: ['Gatehouse Notes'], hosts: ['auth.example'] }

/** By code points of the Unicode charts: controls, marks of direction, separators of lines, tags, halves of surrogate pairs. */
const deceptive =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|[\ud800-\udfff]/u

function checkShown(text: string): void {
  const shown = displayText(text, longest)
  insist(!deceptive.test(shown), 'nothing invisible, nothing that turns the order', text, shown)
  insist([...graphemes.segment(shown)].length <= longest, 'no longer than promised', shown)
  insist(shown.length <= longest * 32, 'bounded, whatever a grapheme is', shown.length)
  insist(!/\p{M}{5}/u.test(shown), 'no tower of marks', shown)
  insist(!/\s\s|^\s|\s$/.test(shown), 'no gap', shown)
  const again = displayText(shown, longest)
  insistEqual(again, shown, 'shown twice it is the same')
  insistEqual(warningAbout(shown, own), warningAbout(text, own), 'what is judged is what is shown', shown)
}

function checkName(text: string): void {
  const shown = displayText(text, longest)
  const skeletons = skeletonsOf(shown)
  insist(
    skeletons.every((skeleton) => /^[a-z]+$/.test(skeleton)),
    'a skeleton is of letters',
    skeletons,
  )
  insist(
    skeletons.every(({ length }) => length <= shown.length * 24),
    'and bounded',
    shown,
    skeletons,
  )
  const letters = shown.toLowerCase().replace(/[^a-z]/g, '')
  for (const word of ['gatehouse', 'claude', 'security', 'github']) {
    if (!letters.includes(word)) continue
    const plain = shown.toLowerCase().includes(word)
    insist(!plain || resembles(skeletons, word), 'a protected name is found in plain letters', shown, word)
  }
  if (shown.toLowerCase().includes('gatehouse')) insist(warningAbout(text, own) !== undefined, 'and warned of', shown)
}

function checkLogged(text: string): void {
  const logged = loggedPath(`/interaction/${encodeURIComponent(text.replace(/\p{Cs}/gu, ''))}/consent`)
  insist(logged.length <= 240, 'a log line is bounded', logged.length)
  if (/\P{Cs}/u.test(text)) insist(logged.startsWith('/interaction/:uid'), 'without the value of a cookie', logged)
  insist(loggedPath(text).length <= 240, 'a log line is bounded', text.length)
  const link = displayLink(text)
  insist(link === undefined || link.href.startsWith('https://'), 'links are https', link)
}

export const displayTextTarget: FuzzTarget = {
  name: 'display-text',
  surface: 'text of strangers on pages and in logs; names that look like other names',
  maxBytes: 2_048,
  dictionary: [
    'Gatehouse',
    'Claude Code',
    'Security',
    '\u202e',
    '\u200b',
    '\u200d',
    '\u0301',
    '\u{1f468}',
    '\u{e0041}',
    '\u{1d406}',
    '\u{1f1e6}',
    '\u3164',
    '\u0430',
    'https://',
    '\ufdfa',
  ],
  check: (input) => {
    // Halves of surrogate pairs come in through the escapes of JSON.
    const text = textOf(input).replace(/\\u([\da-f]{4})/gi, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    )
    checkShown(text)
    checkName(text)
    checkLogged(text)
  },
}
