/** What strangers can put into a page: every sample of a page comes with these too. */

/** Markup, template code, bidi controls, invisible letters, stacked marks and endless words: what a stranger can put in a name. */
export const hostileTexts = {
  markup: '"><script>alert(1)</script><img src=x onerror=alert(1)> <%= 7*7 %> {{7*7}}',
  quotes: `it's "quoted" & \`ticked\``,
  bidi: 'Claude\u202e edoC\u202c \u2066\u200b\u0007 tool',
  rightToLeft: 'تطبيق ملاحظات لكل فريق',
  emoji: '👩‍👩‍👧‍👦 Notes 🏳️‍🌈'.repeat(20),
  stackedMarks: `Z${'\u0301\u0323'.repeat(60)}algo`,
  endless: 'W'.repeat(200),
  // Each run is one character to a segmenter, and has no place to break a line: leading jamo, a vowel that is a letter, a repha, conjuncts.
  jamo: `Notes Sync${'\u1100'.repeat(300)}`,
  saraAm: `Notes Sync \u0e01${'\u0e33'.repeat(300)}`,
  laoAm: `\u0e81${'\u0eb3'.repeat(300)}`,
  repha: `Notes ${'\u0d4e'.repeat(300)}`,
  khmer: '\u1780\u17d2'.repeat(300),
  devanagari: `Notes ${'\u0915\u094d'.repeat(300)}`,
  invisible: '\u200b\u2060\u3164',
} as const

export const longHost = `accounts.example.com.${'very-long-label-'.repeat(3)}.${'sub.'.repeat(24)}attacker.example`

export function forEachHostile<T>(make: (text: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(hostileTexts).map(([name, value]) => [`hostile ${name}`, make(value)]))
}
