/** Checks that the driver accepts a database URL, including the certificate files that it names. */
import pg from 'pg'

/**
 * Throws one line that begins with the setting's name when the driver cannot use `url`. Connects to nothing. The text never repeats
 * the URL, which holds a password.
 */
export function refuseDatabaseUrl(setting: string, url: string | undefined): void {
  if (url === undefined) return
  try {
    void new pg.Client({ connectionString: url })
  } catch (error) {
    throw new Error(`${setting} cannot be used: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
