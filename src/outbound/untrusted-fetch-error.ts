/** The only error that strangers' URLs cause. Its cause is for the log only, so that the server is not an oracle for network probing. */
export class UntrustedFetchError extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(`refused or failed: ${detail}`, options)
    this.name = 'UntrustedFetchError'
  }
}

/** The fetch was not attempted, because too many are running. It says nothing about the URL. */
export class UntrustedFetchBusyError extends UntrustedFetchError {
  constructor(detail: string) {
    super(detail)
    this.name = 'UntrustedFetchBusyError'
  }
}
