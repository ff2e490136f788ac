/** Whether text is an absolute URL. */

/**
 * `URL.canParse`, which Node 20 and 22 get wrong: once the code around it has run often enough to be optimised, it takes Latin-1
 * text for UTF-8 and turns down `https://bücher.example`.
 */
export function canParseUrl(text: string): boolean {
  try {
    return new URL(text) !== undefined
  } catch {
    return false
  }
}
