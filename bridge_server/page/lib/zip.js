// A zip of files as they are, stored and not packed: pictures hardly get smaller.

const ENTRY = 0x04034b50;
const LISTED = 0x02014b50;
const END = 0x06054b50;
const LARGE_END = 0x06064b50; // zip64's: for more entries than 16 bits count
const LARGE_END_AT = 0x07064b50;
const PLAIN_VERSION = 20;
const LARGE_VERSION = 45;
const UNIX = 3 << 8;
const REGULAR_FILE = (0o100644 << 16) >>> 0;
const NAMES_ARE_UTF8 = 1 << 11;
const MOST_16 = 0xffff;
const ABREAST = 16; // files read at a time
const SMALL = 1 << 20; // bytes of a file that is copied: a zip of thousands of references takes the browser seconds
const PIECE = 4 << 20; // bytes that are handed over to the browser at a time, which keeps them out of our memory

const text = new TextEncoder();

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** Go on with a CRC-32, which begins and ends with its bits turned about. */
function turned(sum, bytes) {
  let value = sum;
  for (let at = 0; at < bytes.length; at += 1) value = TABLE[(value ^ bytes[at]) & 0xff] ^ (value >>> 8);
  return value;
}

/** Read a file: { sum, content }. Of a large one the content is the file itself. */
async function read(file) {
  if (file.size <= SMALL) {
    const content = new Uint8Array(await file.arrayBuffer());
    return { sum: ~turned(~0, content) >>> 0, content };
  }
  let sum = ~0;
  const reader = file.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { sum: ~sum >>> 0, content: file };
    sum = turned(sum, value);
  }
}

/** Put numbers of so many bytes each, little-endian, into bytes: [bytes, number] ... */
function packed(...fields) {
  const made = new DataView(new ArrayBuffer(fields.reduce((sum, [bytes]) => sum + bytes, 0)));
  let at = 0;
  for (const [bytes, number] of fields) {
    if (bytes === 2) made.setUint16(at, number, true);
    else if (bytes === 4) made.setUint32(at, number, true);
    else made.setBigUint64(at, BigInt(number), true);
    at += bytes;
  }
  return new Uint8Array(made.buffer);
}

/** A time as MS-DOS had it: date and time of day, 16 bits each. */
function dosTime(milliseconds) {
  const when = new Date(milliseconds);
  const year = Math.min(Math.max(when.getFullYear(), 1980), 2107);
  const date = ((year - 1980) << 9) | ((when.getMonth() + 1) << 5) | when.getDate();
  return (date << 16) | (when.getHours() << 11) | (when.getMinutes() << 5) | (when.getSeconds() >> 1);
}

/** What an entry's own header and its line in the directory have in common. */
function common({ sum, size, name, time }) {
  return [[2, PLAIN_VERSION], [2, NAMES_ARE_UTF8], [2, 0], [4, time >>> 0], [4, sum], [4, size], [4, size], [2, name.length], [2, 0]];
}

const header = (entry) => packed([4, ENTRY], ...common(entry));

const listed = (entry) => packed([4, LISTED], [2, UNIX | PLAIN_VERSION], ...common(entry), [2, 0], [2, 0], [2, 0], [4, REGULAR_FILE], [4, entry.at]);

function ending(entries, length, at) {
  const counted = Math.min(entries, MOST_16);
  const plain = packed([4, END], [2, 0], [2, 0], [2, counted], [2, counted], [4, length], [4, at], [2, 0]);
  if (entries < MOST_16) return [plain];
  const large = packed([4, LARGE_END], [8, 44], [2, UNIX | LARGE_VERSION], [2, LARGE_VERSION], [4, 0], [4, 0], [8, entries], [8, entries], [8, length], [8, at]);
  return [large, packed([4, LARGE_END_AT], [4, 0], [8, at + length], [4, 1]), plain];
}

/**
 * Make a zip of files that have 4 GB at most, in the order in which they are read.
 *
 * `files` are { path, file }, the path with its folders; `progress(number)` hears how many are read. Rejects if one cannot
 * be read, and by the signal.
 */
export async function zip(files, { progress = () => {}, signal } = {}) {
  const waiting = files.values();
  const parts = [];
  const directory = [];
  let loose = []; // parts that are not handed over yet
  let [at, handed, done] = [0, 0, 0];
  let broken = false;

  function add(path, { size, lastModified }, { sum, content }) {
    const entry = { name: text.encode(path), sum, size, time: dosTime(lastModified), at };
    const own = header(entry);
    loose.push(own, entry.name, content);
    directory.push(listed(entry), entry.name);
    at += own.length + entry.name.length + size;
    if (at - handed < PIECE) return;
    parts.push(new Blob(loose));
    loose = [];
    handed = at;
  }

  async function work() {
    for (const { path, file } of waiting) {
      signal?.throwIfAborted();
      if (broken) return;
      let found;
      try {
        found = await read(file);
      } catch (error) {
        broken = true;
        throw new Error(`${path} cannot be read (${error.message}): leave it out.`);
      }
      add(path, file, found);
      progress((done += 1));
    }
  }

  await Promise.all(Array.from({ length: ABREAST }, work));
  const length = directory.reduce((sum, part) => sum + part.length, 0);
  return new Blob([...parts, ...loose, ...directory, ...ending(files.length, length, at)], { type: "application/zip" });
}
