/** A name inside SQL. */
export const identifier = (name: string): string => `\`${name.replaceAll('`', '``')}\``

/** A text inside SQL, right whatever `sql_mode` says of quotes and backslashes. */
export const literal = (text: string): string => `_utf8mb4 X'${Buffer.from(text).toString('hex')}'`
