// SQLite's write-ahead log, looked at before SQLite does: at its first frame that does not fit, SQLite stops reading and drops
// the rest without a word (https://sqlite.org/fileformat2.html#walformat). A power cut leaves such a frame at the end, in what was
// never answered "stored". Whole transactions behind it were lost to something else: to bit rot, or a disk that lies.
import { open, type FileHandle } from 'node:fs/promises';

/** What of a log SQLite will not read. */
export interface LostInLog {
  /** Where the first frame that does not fit begins (bytes). */
  at: number;
  /** How many transactions stand behind it. */
  transactions: number;
}

const HEADER = 32;
const FRAME_HEADER = 24;
/** The magic number says in which order of bytes the sums are made. */
const MAGIC_LITTLE = 0x377f0682;
const MAGIC_BIG = 0x377f0683;
/** A log that is cut by a power failure may end with one transaction, or some notes that were not synced, out of order. */
const EXPLAINED_BY_POWER = 1;

/** What of the log of this database is lost; undefined: nothing that a power cut does not explain, or there is none. */
export async function lostInLog(file: string): Promise<LostInLog | undefined> {
  const log = await openIfThere(`${file}-wal`);
  if (log === undefined) return undefined;
  try {
    return await lostIn(log);
  } finally {
    await log.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Reads the log frame by frame: it may be larger than what the daemon may have of the memory. */
async function lostIn(log: Pick<FileHandle, 'read'>): Promise<LostInLog | undefined> {
  const start = await pieceOf(log, 0, HEADER + FRAME_HEADER);
  if (start.length < HEADER + FRAME_HEADER) return undefined;
  const header = headerOf(start);
  // Without its header no frame counts; the salts that its frames share are those of the first.
  const pageSize = header?.pageSize ?? pageSizeOf(start);
  const salts = header === undefined ? start.subarray(HEADER + 8, HEADER + 16) : start.subarray(16, 24);
  const isLittle = header?.isLittle ?? start.readUInt32BE(0) !== MAGIC_BIG;
  let sums = header?.sums;
  let bad: number | undefined = header === undefined ? 0 : undefined;
  let transactions = 0;
  const size = FRAME_HEADER + pageSize;
  for (let at = HEADER; ; at += size) {
    const frame = await pieceOf(log, at, size);
    if (frame.length < size) break;
    // What an earlier use of the log left behind the end of this one.
    if (!frame.subarray(8, 16).equals(salts)) {
      if (bad === undefined) break;
      sums = undefined;
      continue;
    }
    const stored = [frame.readUInt32BE(16), frame.readUInt32BE(20)] as const;
    const fits = sums !== undefined && isSum(frame, sums, isLittle, stored);
    if (!fits) bad ??= at;
    else if (bad !== undefined && frame.readUInt32BE(4) !== 0) transactions += 1;
    // Behind a bad frame the next one is tried with the sum that stands in it.
    sums = stored;
  }
  return bad !== undefined && transactions > EXPLAINED_BY_POWER ? { at: bad, transactions } : undefined;
}

/** So many bytes from there, or what there is of them. */
async function pieceOf(log: Pick<FileHandle, 'read'>, at: number, length: number): Promise<Buffer> {
  const piece = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const { bytesRead } = await log.read(piece, read, length - read, at + read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return piece.subarray(0, read);
}

type Sums = readonly [number, number];

function headerOf(log: Buffer): { pageSize: number; isLittle: boolean; sums: Sums } | undefined {
  const magic = log.readUInt32BE(0);
  if (magic !== MAGIC_LITTLE && magic !== MAGIC_BIG) return undefined;
  const isLittle = magic === MAGIC_LITTLE;
  const sums = sumOf(log.subarray(0, 24), [0, 0], isLittle);
  if (sums[0] !== log.readUInt32BE(24) || sums[1] !== log.readUInt32BE(28)) return undefined;
  return { pageSize: pageSizeOf(log), isLittle, sums };
}

/** If the header is broken: it need not be the word for it that is. */
function pageSizeOf(log: Buffer): number {
  const said = log.readUInt32BE(8);
  return said >= 512 && said <= 65_536 && (said & (said - 1)) === 0 ? said : 4096;
}

function isSum(frame: Buffer, before: Sums, isLittle: boolean, stored: Sums): boolean {
  const head = sumOf(frame.subarray(0, 8), before, isLittle);
  const sums = sumOf(frame.subarray(FRAME_HEADER), head, isLittle);
  return sums[0] === stored[0] && sums[1] === stored[1];
}

function sumOf(bytes: Buffer, [a, b]: Sums, isLittle: boolean): Sums {
  let [s0, s1] = [a, b];
  for (let i = 0; i + 8 <= bytes.length; i += 8) {
    const x = isLittle ? bytes.readUInt32LE(i) : bytes.readUInt32BE(i);
    const y = isLittle ? bytes.readUInt32LE(i + 4) : bytes.readUInt32BE(i + 4);
    s0 = (s0 + x + s1) >>> 0;
    s1 = (s1 + y + s0) >>> 0;
  }
  return [s0, s1];
}
