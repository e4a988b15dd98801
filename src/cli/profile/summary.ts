/** One line for the page of all commands; the profiles themselves are loaded when they are asked for. */
export const PROFILE_SUMMARY = 'kinds of devices: recognise one by its request, and see what helps'
