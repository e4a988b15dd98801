/** One line for the page of all commands; the lab itself is loaded when it is asked for. */
export const LAB_SUMMARY = 'models of devices and servers: why a transfer fails, and which server helps'
