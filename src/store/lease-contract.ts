// How several daemons on one database share the work: each is a process that the others know while it renews itself, and
// holds leases, one for each work loop. All times are the database's.
import type { Lease } from '../core/lease.ts';
import type { News } from './feed.ts';

/** How long a process counts as alive after it last renewed itself (ms). */
export const LEASE_TTL = 8000;

/** Under which name a process keeps the state of its configuration; it goes with the process. */
export const configurationState = (processId: string): string => `configuration ${processId}`;

/** What a process says of itself. */
interface ProcessFacts {
  host: string;
  pid: number;
  /** Of the program. */
  version: string;
  /** The work that it can do by its configuration. */
  names: readonly string[];
}

/** A process, as the others know it. */
interface KnownProcess extends ProcessFacts {
  id: string;
  /** ms, by the database's clock. */
  startedAt: number;
  /** How long it still counts as alive, if it does not renew itself (ms; negative: it no longer does). */
  restMs: number;
}

/** Who is there, and who holds what. `holder` null: nobody. */
interface SharedWork {
  processes: KnownProcess[];
  leases: { name: string; holder: string | null; fence: number }[];
}

/** The processes and leases of one database, as one of its processes uses them. */
export interface LeaseStore {
  /** This process: a random id of each start. */
  readonly processId: string;
  /** The database's time (ms). */
  time(): Promise<number>;
  /** Enters this process among the living, or changes what it says of itself. */
  enter(facts: ProcessFacts): Promise<void>;
  /** Renews it; false: it counted as dead, and another has removed it with all that it held. */
  renew(): Promise<boolean>;
  /**
   * Removes the processes that no longer count as alive, and counts a death for all that was under way in them; returns
   * them. Does nothing until this process has been in time itself for a whole LEASE_TTL: after an outage of the database
   * all have that long to renew themselves.
   */
  bury(): Promise<string[]>;
  sharedWork(): Promise<SharedWork>;
  /** Takes a lease that nobody holds; undefined: somebody does. */
  take(name: string): Promise<Lease | undefined>;
  release(lease: Lease): Promise<void>;
  /** Removes this process; what it holds is free from then on. */
  leave(): Promise<void>;
  /** Stores what this process knows of a work that it does: JSON. */
  saveState(name: string, body: string): Promise<void>;
  /** What the other processes stored so, and how long ago (ms). */
  states(): Promise<{ name: string; body: string; ageMs: number }[]>;
  /** Removes what was stored so long before (ms) and not since, and leases that nobody holds, knows of or can do. */
  forgetStates(before: number): Promise<void>;
  /** Tells the others that this process came or left, or gave something up. */
  tellWork(): void;
  /** Another process told so: its listener looks now. One listener. */
  onWork(listener: () => void): void;
  /** Another process stored something: what became due may be for this one. One listener; all others hear it by `onChange`. */
  onNews(listener: (news: News) => void): void;
}
