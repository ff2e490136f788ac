/**
 * The form in which an email is stored and looked up: trimmed, NFKC, lower-cased. `undefined` for text that is no address or
 * holds control characters (a NUL among them, which PostgreSQL cannot store). Does not check that the address receives mail.
 */
export function normalizeEmail(text: string): string | undefined {
  const email = text.trim().normalize('NFKC').toLowerCase()
  return /^[^\s@\p{C}]+@[^\s@\p{C}]+$/u.test(email) && email.length <= 254 ? email : undefined
}
