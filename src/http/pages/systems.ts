// What the bridge works with, each as it was last known, and what of it needs the admin.
import type { FlowStep } from '../../store/reader.ts';
import type { Drain } from '../../store/index.ts';
import type { FailingDevice } from '../../lifecycle/failing-devices.ts';
import type { KnownPart } from '../../lifecycle/parts.ts';
import type { Daemon } from '../../lifecycle/shared-states.ts';
import { html, queryOf, type Content, type Html } from '../html.ts';
import { devicePath } from './jobs.ts';
import { age, folded, moment, name, table, word } from './parts.ts';

/** What is known of the systems, and of what is to go there. */
export interface Known {
  parts: readonly KnownPart[];
  drains: readonly Drain[];
  deliveries: readonly { destination: string; state: string; count: number }[];
  /** Devices whose last jobs all failed because of the lab. */
  failing: readonly FailingDevice[];
  /** All that share the work; empty: this one does it alone. */
  daemons: readonly Daemon[];
}

const KINDS: Readonly<Record<KnownPart['kind'], string>> = {
  lab: 'Lab',
  events: 'Events',
  callbacks: 'Callbacks',
  destination: 'Reports',
  store: 'Store',
};

export function systemsTable(known: Known, now: number): Html {
  return table({
    caption: 'Systems as they were last known',
    hideCaption: true,
    head: ['What', 'Name', 'State', 'Since', 'Last answer', 'Why'],
    rows: known.parts.map((part) => [
      KINDS[part.kind],
      name(part.name),
      word(part.status === 'up' && drainOf(part, known) !== undefined ? 'drained' : part.status),
      moment(part.since),
      part.answeredAt === undefined ? 'never' : `${age(part.answeredAt, now)} ago`,
      why(part, known),
    ]),
  });
}

function drainOf({ kind, name }: KnownPart, { drains }: Known): Drain | undefined {
  return kind === 'lab'
    ? drains.find(({ lab, board, device }) => lab === name && board === '' && device === '')
    : undefined;
}

function why(part: KnownPart, known: Known): Content {
  const drain = drainOf(part, known);
  const open = known.deliveries.filter(
    ({ destination, state }) =>
      part.kind === 'destination' && destination === part.name && state !== 'done' && state !== 'dropped',
  );
  const texts = [
    part.why === undefined ? undefined : folded(part.why),
    drain === undefined ? undefined : html`drained: ${folded(drain.why)}`,
    open.length === 0 ? undefined : open.map(({ state, count }) => `${count} ${state}`).join(', '),
  ].filter((text) => text !== undefined);
  return texts.map((text, i) => [i === 0 ? '' : '; ', text]);
}

interface Note {
  isBad: boolean;
  text: Content;
}

/** What only the admin can do something about, with what helps. */
export function needs(known: Known, flow: readonly FlowStep[], mayOperate: boolean): Html {
  const notes = [
    ...known.parts.flatMap((part) => (part.status === 'down' ? [downNote(part)] : [])),
    ...known.parts.flatMap(({ kind, status, why: text }) =>
      kind === 'store' && status !== 'down' && text !== undefined
        ? [{ isBad: false, text: folded(text) }]
        : [],
    ),
    ...known.drains.map((drain) => drainNote(drain, mayOperate)),
    ...known.deliveries.flatMap(({ destination, state, count }) =>
      state === 'parked' ? [parkedNote(destination, count)] : [],
    ),
    ...known.failing.map(failingNote),
    ...asideNotes(flow),
    ...known.daemons.flatMap(differenceNote),
  ];
  if (notes.length === 0) return html`<p class="none">Nothing.</p>`;
  return html`<ul class="notes">
    ${notes.map(({ isBad, text }) => html`<li class="${isBad ? 'bad' : ''}">${text}</li>`)}
  </ul>`;
}

function downNote({ kind, name: which, why }: KnownPart): Note {
  const reason = folded(why ?? 'for no known reason');
  const check = html`<code>lava-bridge check</code>`;
  const of = name(which);
  const texts: Readonly<Record<KnownPart['kind'], Content>> = {
    lab: html`Lab ${of} does not answer: ${reason}. Its jobs wait. See ${check}.`,
    events: html`Events of ${of} do not come in: ${reason}. Jobs go on by callbacks and the poll, more slowly.`,
    callbacks: html`Callbacks of ${of}: ${reason}`,
    destination: html`${of} does not answer: ${reason}. Reports wait. See ${check}.`,
    store: html`The store: ${reason}.`,
  };
  return { isBad: kind !== 'events', text: texts[kind] };
}

function drainNote({ lab, board, device, why }: Drain, mayOperate: boolean): Note {
  const which = device === '' ? board : `--device ${device}`;
  const command = `lava-bridge resume ${lab}${which === '' ? '' : ` ${which}`}`;
  const what =
    device !== ''
      ? html`<a href="${devicePath(lab, device)}">${name(device)}</a> in ${name(lab)}`
      : board === ''
        ? html`Lab ${name(lab)}`
        : html`${name(board)} in ${name(lab)}`;
  return {
    isBad: false,
    text: html`${what} is drained: ${folded(why)}.
    ${mayOperate ? html`<a href="/resume?${queryOf({ lab, board, device })}">Resume</a>` : html`<code>${command}</code>`}`,
  };
}

function parkedNote(destination: string, count: number): Note {
  return {
    isBad: true,
    text: html`${destination} refused ${count} deliveries: they are parked until somebody sends them again or
    drops them (on the job’s page).`,
  };
}

function failingNote({ lab, device, rule }: FailingDevice): Note {
  return {
    isBad: true,
    text: html`The device <a href="${devicePath(lab, device)}">${name(device)}</a> of ${name(lab)} failed its
      last jobs because of the lab (<code>${rule}</code>): look at its power, network, console and boot
      loader.`,
  };
}

function asideNotes(flow: readonly FlowStep[]): Note[] {
  const aside = flow.filter(({ setAside }) => setAside).reduce((n, { jobs }) => n + jobs, 0);
  if (aside === 0) return [];
  return [
    {
      isBad: true,
      text: html`<a href="/jobs?${queryOf({ reason: 'crashes' })}">${aside} jobs</a> are set aside: they were
        under way in two crashes of the daemon.`,
    },
  ];
}

function differenceNote({ name: daemon, differs }: Daemon): Note[] {
  if (differs.length === 0) return [];
  const text = html`The daemon ${name(daemon)} differs from this one in ${folded(differs.join(', '))}: give
  all daemons the same, and restart them.`;
  return [{ isBad: false, text }];
}
