/** Names of other servers whose command lines are accepted. */
export const IN_TFTPD_SUMMARY = "serve by the command line of tftp-hpa's in.tftpd"
export const ATFTPD_SUMMARY = 'serve by the command line of atftpd'

/** A link to this program with one of these names is that command. */
export const OLD_COMMANDS: ReadonlySet<string> = new Set(['in.tftpd', 'atftpd'])
