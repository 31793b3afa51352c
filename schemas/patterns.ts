// Apart from the schemas: what reads plans needs these, and not the library that the schemas are written with.

export const NAME_PATTERN = '^[a-z0-9][a-z0-9-]{0,62}$'
export const DURATION_PATTERN = '^[0-9]+(\\.[0-9]+)?(ms|s|m|h|d)$'
/** What may stand for a secret in the environment: a value with other characters is the secret itself, by mistake. */
export const VARIABLE_PATTERN = '^[A-Za-z_][A-Za-z0-9_]*$'
export const PATH_PATTERN = '^/'
/** `key` or `key=value`, as Docker takes them; a value may hold anything but control characters. */
export const LABEL_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_./-]*(=[^\\u0000-\\u001f]*)?$'
export const VOLUME_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.-]*$'
/** After systemd its names of units; after docker, a slash parts Compose project and service. */
export const SERVICE_PATTERN =
  '^(docker:[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?' +
  '|(command|lxc):[A-Za-z0-9][A-Za-z0-9_.-]*|systemd:[A-Za-z0-9_][A-Za-z0-9:_.@\\\\-]*\\.service)$'
/** A name, an IPv4 or an IPv6 address, without a port. */
export const HOST_PATTERN = '^([A-Za-z0-9._-]+|[0-9A-Fa-f:.]+)$'
export const USER_PATTERN = '^[^\\s\\u0000-\\u001f]{1,64}$'
/** `~` means nothing to SFTP, and `..` would lead out of what the user meant. */
export const REMOTE_PATH_PATTERN = '^(?!~)(?!(.*/)?\\.\\.(/|$))[^\\u0000-\\u001f]+$'
/** As a line of `ssh_host_ed25519_key.pub`; a comment may follow. */
export const HOST_KEY_PATTERN =
  '^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,2}( .*)?$'
/** What a plugin is told: names that any language takes for a key. */
export const SETTING_PATTERN = '^[A-Za-z][A-Za-z0-9_-]{0,62}$'
