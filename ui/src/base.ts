/** Where the API begins. */
export const BASE = '/api/v1'
