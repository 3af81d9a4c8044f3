// The small things that the store keeps by a name: how the names are made, in one place.

/**
 * What is kept: how far a reader of events has read (`cursor`), when a plan last ran somewhere (`trigger`), a node of Maestro
 * that is refused since the daemon died again and again while it was taken in (`crashed`), what a sender was given
 * (`notified`), when it was last sent the report of the week or day (`summarised`), a LAVA job that may have been made
 * twice (`second`), from when on nothing is missing after a loss of data (`lost`), and after which run the drain of a device
 * was ended (`resumed`).
 */
export type SettingKind =
  'cursor' | 'trigger' | 'crashed' | 'notified' | 'summarised' | 'second' | 'lost' | 'resumed';

/** The name of one setting. */
export type SettingKey = `${SettingKind} ${string}`;

/** The name of the setting of a kind; `which` distinguishes it from others of the kind. */
export function settingKey(kind: SettingKind, which: string): SettingKey {
  return `${kind} ${which}`;
}
