// Where the real lab is: test/lab/in-lab puts its lab.env into the environment of what it runs.

/** A fact of the lab by its name there, without `LAVALAB_`. Throws if the environment names no lab. */
export function labFact(name: string): string {
  const value = process.env[`LAVALAB_${name}`];
  if (value === undefined) throw new Error(`LAVALAB_${name} is not set; start this by test/lab/in-lab`);
  return value;
}
