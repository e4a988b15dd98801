/** One line for the list of commands: the command itself is loaded when it is wanted. */
export const CONFIG_SUMMARY = 'configuration files: check, show, make one, or import those of other servers'
