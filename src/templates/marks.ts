// What distinguishes one attempt's definition from another's.

/** What one attempt has of its own. */
export interface Marks {
  /** A unique text that the job's name will hold. */
  mark?: string | undefined;
  /** The one device that it is for, unless the definition names one itself. */
  device?: string | undefined;
}

/** The definition with the device that it is for. One that names a device or a worker itself keeps them. */
export function forDevice<T extends object>(definition: T, device: string | undefined): T {
  if (device === undefined || 'device' in definition || 'worker' in definition) return definition;
  return { ...definition, device };
}
